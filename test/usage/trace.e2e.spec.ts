import { gzipSync } from 'node:zlib';
import { TestApp } from '../support/app.js';
import { describeTrace, expectNothingLeft, expectTraceBilled, prepareTrace, traceInvoices, traceLines } from '../support/trace.js';

describeTrace('two months of a real cluster', () => {
  let wharfage: TestApp;
  let lines: string[];
  let reporter: string;

  beforeAll(async () => {
    wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { BILLING_AUTO: 'off' } });
    lines = traceLines();
    reporter = await prepareTrace(wharfage, lines);
  }, 60_000);
  afterAll(() => wharfage.close());

  const send = (body: readonly string[]) =>
    wharfage.ok('POST', '/v2/usage/events', gzipSync(body.join('\n')), {
      authorization: `Bearer ${reporter}`,
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    });

  test('every amount and quantity is what the log says', async () => {
    expect(await send(lines)).toMatchObject({ accepted: lines.length, duplicates: 0, conflicts: 0, rejected: 0 });
    await expectTraceBilled(wharfage);
  }, 120_000);

  test('sent again in another order and in other batches, nothing is accepted and no amount changes', async () => {
    const before = await traceInvoices(wharfage);
    const shuffled = lines
      .map((line, i) => ({ line, rank: (i * 7919) % lines.length }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ line }) => line);
    for (let i = 0; i < shuffled.length; i += 9_973)
      expect(await send(shuffled.slice(i, i + 9_973))).toMatchObject({ accepted: 0, conflicts: 0, rejected: 0 });
    await expectNothingLeft(wharfage);
    expect(await traceInvoices(wharfage)).toEqual(before);
  }, 120_000);
});
