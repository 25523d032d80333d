import { gzipSync } from 'node:zlib';
import { TestApp } from '../support/app.js';
import { traceExpected, traceIsThere, traceLines } from '../support/trace.js';

const METER = {
  name: 'Node hours',
  eventType: 'node.state',
  aggregation: 'time_weighted',
  value: 'nodes',
  resource: 'node',
  mode: 'level',
  unit: 'hour',
};
const PLAN = {
  name: 'Nodes',
  product: 'cloud',
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  prices: [{ key: 'node-hours', kind: 'metered', meter: 'node-hours', model: 'per_unit', unitPrice: '0.02', freeConcurrent: '1' }],
};
const RUNS = { '1993-10': '1993-11-01T08:00:00Z', '1993-11': '1993-12-01T08:00:00Z' };

/** A quantity as the expected amounts write it: with six decimals. */
const padded = (quantity: string): string => Number(quantity).toFixed(6);

const suite = traceIsThere ? describe : describe.skip;
if (!traceIsThere) console.warn('skipped: the trace of real usage (../shared/traces) is not here');

suite('two months of a real cluster', () => {
  let wharfage: TestApp;
  let lines: string[];
  let reporter: string;

  beforeAll(async () => {
    wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { BILLING_AUTO: 'off' } });
    lines = traceLines();
    const scopes = ['usage:write', 'usage:backfill']; // what it takes to report what happened long ago
    reporter = (await wharfage.ok('POST', '/v2/api-keys', { name: 'Reporter', scopes })).key;
    await wharfage.ok('PUT', '/v2/meters/node-hours', METER);
    await wharfage.ok('PUT', '/v2/plans/nodes', PLAN);
    const users = new Set(lines.map((line) => (JSON.parse(line) as { subject: string }).subject));
    for (const account of users) {
      await wharfage.ok('PUT', `/v2/accounts/${account}`, {
        kind: 'user',
        name: account,
        currency: 'USD',
        timeZone: 'America/Los_Angeles',
      });
      await wharfage.ok('POST', '/v2/subscriptions', { account, plan: 'nodes', alignment: 'calendar', startsAt: '1993-10-01T07:00:00Z' });
    }
  }, 60_000);
  afterAll(() => wharfage.close());

  const send = (body: readonly string[]) =>
    wharfage.ok('POST', '/v2/usage/events', gzipSync(body.join('\n')), {
      authorization: `Bearer ${reporter}`,
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    });

  const invoices = async (): Promise<any[]> => {
    const all: any[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: any = await wharfage.ok('GET', `/v2/invoices?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`);
      all.push(...page.data);
      cursor = page.nextCursor;
    }
    return all;
  };

  test('every amount and quantity is what the log says', async () => {
    expect(await send(lines)).toMatchObject({ accepted: lines.length, duplicates: 0, conflicts: 0, rejected: 0 });
    const runs = [];
    for (const asOf of Object.values(RUNS)) runs.push(await wharfage.ok('POST', '/v2/bill-runs', { asOf }));
    expect(runs).toMatchObject([
      { status: 'finished', parked: 0, invoices: 49, totals: { USD: '787.74' } },
      { status: 'finished', parked: 0, invoices: 50, totals: { USD: '1062.65' } },
    ]);
    const billed = (await invoices()).map((invoice) => {
      const [line] = invoice.lines;
      const billable = line.breakdown.find((step: { step: string }) => step.step === 'billable').quantity;
      const month = Object.entries(RUNS).find(([, end]) => end === line.servicePeriod.end)?.[0];
      return {
        account: invoice.account,
        month,
        nodeHours: padded(line.quantity),
        billableNodeHours: padded(billable),
        amount: invoice.total,
      };
    });
    const order = (a: { account: string; month?: string | undefined }, b: { account: string; month?: string | undefined }) =>
      `${a.account} ${a.month ?? ''}`.localeCompare(`${b.account} ${b.month ?? ''}`);
    expect(billed.sort(order)).toEqual(traceExpected().sort(order));
  }, 120_000);

  test('sent again in another order and in other batches, nothing is accepted and no amount changes', async () => {
    const before = await invoices();
    const shuffled = lines
      .map((line, i) => ({ line, rank: (i * 7919) % lines.length }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ line }) => line);
    for (let i = 0; i < shuffled.length; i += 9_973)
      expect(await send(shuffled.slice(i, i + 9_973))).toMatchObject({ accepted: 0, conflicts: 0, rejected: 0 });
    expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: RUNS['1993-11'] })).toMatchObject({ invoices: 0, parked: 0 });
    expect(await invoices()).toEqual(before);
  }, 120_000);
});
