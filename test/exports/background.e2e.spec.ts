import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackgroundExports } from '../../src/exports/background-exports.js';
import { TestApp } from '../support/app.js';

const dir = mkdtempSync(join(tmpdir(), 'wharfage-exports-'));
let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { DATA_DIR: dir } });
  await wharfage.ok('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'hub',
    currency: 'JPY',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '1200' }],
  });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'JPY', timeZone: 'UTC' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat' });
}, 60_000);
afterAll(async () => {
  await wharfage.close();
  rmSync(dir, { recursive: true });
});

async function done(body: object): Promise<any> {
  const { status, body: asked } = await wharfage.call('POST', '/v2/exports', body);
  expect([status, asked.status]).toEqual([202, 'queued']);
  for (;;) {
    const found = await wharfage.ok('GET', `/v2/exports/${String(asked.id)}`);
    if (!['queued', 'running'].includes(found.status)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const files = (): string[] => readdirSync(join(dir, 'exports'));

test('a worker writes the file; its manifest says what it is, and the next one goes on from there', async () => {
  const finished = await done({ dataset: 'invoice-lines' });
  expect(finished).toMatchObject({
    status: 'finished',
    expiresAt: '2026-01-08T00:00:00Z',
    manifest: { rows: 1, totals: { JPY: { rows: 1, amount: '1200' } }, nextCursor: expect.any(String) },
  });
  const { status, headers, text } = await wharfage.call('GET', `/v2/exports/${String(finished.id)}/download`);
  expect([status, Number(headers['content-length'])]).toEqual([200, finished.manifest.bytes]);
  expect(createHash('sha256').update(text).digest('hex')).toBe(finished.manifest.sha256);
  expect((await wharfage.call('GET', '/v2/exports/invoice-lines')).text).toBe(text);
  await wharfage.travel('2026-02-01T00:00:00Z');
  expect(await done({ dataset: 'invoice-lines', after: finished.manifest.nextCursor, format: 'parquet' })).toMatchObject({
    manifest: { rows: 1 },
  });
  expect((await wharfage.ok('GET', '/v2/exports?limit=1')).data).toHaveLength(1);
});

test('done again after it was killed, the file is whole', async () => {
  const { id } = await done({ dataset: 'journal', format: 'jsonl' });
  writeFileSync(join(dir, 'exports', `${String(id)}-journal.jsonl.part`), 'half');
  await wharfage.source.query(`update export_file set status = 'running', manifest = null where id = $1`, [id]);
  expect(await wharfage.call('GET', `/v2/exports/${String(id)}/download`)).toMatchObject({
    status: 409,
    body: { code: 'export_not_finished' },
  });
  await wharfage.app.get(BackgroundExports).write(String(id));
  expect((await wharfage.ok('GET', `/v2/exports/${String(id)}`)).status).toBe('finished');
  expect(files().filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('what is refused says why', async () => {
  expect(await wharfage.call('POST', '/v2/exports', { dataset: 'journal', layout: 'xero' })).toMatchObject({ status: 422 });
  expect(await wharfage.call('POST', '/v2/exports', { dataset: 'secrets' })).toMatchObject({ status: 400 });
  expect(await wharfage.call('GET', '/v2/exports/exp_none')).toMatchObject({ status: 404, body: { code: 'export_not_found' } });
  await wharfage.ok('PUT', '/v2/accounting-mappings/xero', { name: 'Empty' });
  expect(await done({ dataset: 'invoice-lines', layout: 'xero' })).toMatchObject({
    status: 'failed',
    manifest: null,
    failure: { code: 'accounting_mapping_incomplete', errors: expect.arrayContaining([expect.objectContaining({ pointer: '/untaxed' })]) },
  });
});

test('files are kept for some days', async () => {
  const { id, expiresAt } = await done({ dataset: 'invoices', format: 'xlsx' });
  await wharfage.travel(String(expiresAt));
  const expired = { status: 404, body: { code: 'export_expired' } };
  expect(await wharfage.call('GET', `/v2/exports/${String(id)}/download`)).toMatchObject(expired);
  await wharfage.app.get(BackgroundExports).expire();
  expect(files()).toEqual([]);
  expect(await wharfage.ok('GET', `/v2/exports/${String(id)}`)).toMatchObject({
    status: 'expired',
    manifest: { rows: expect.any(Number) },
  });
  expect(await wharfage.call('GET', `/v2/exports/${String(id)}/download`)).toMatchObject(expired);
});
