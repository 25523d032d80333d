/* Invoices a second of one bill run over flat accounts; the floor is the insert of the same rows into like tables. */
import { accountIdFor, newId } from '../dist/src/common/ids.js';
import { BillRunService } from '../dist/src/invoices/bill-run.service.js';
import { report, seconds, withService } from './service.mjs';

const ACCOUNTS = Number(process.argv[2] ?? 10_000);
const STARTS = '2026-01-01T00:00:00Z';
const TABLES = ['invoice', 'invoice_line', 'invoice_number', 'invoice_settlement', 'journal_entry', 'posting', 'audit_entry'];

await withService({ ROLE: 'api', BILLING_AUTO: 'off' }, async ({ app, call, pool }) => {
  await call('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'hub',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.34' }],
  });
  const rows = Array.from({ length: ACCOUNTS }, (_, i) => ({ key: `a${i}`, id: accountIdFor(`a${i}`) }));
  const payload = JSON.stringify({
    plan: 'flat',
    planVersion: 1,
    quantities: {},
    timeZone: 'UTC',
    alignment: 'anniversary',
    anchorAt: null,
    trialEndsAt: null,
    overrides: null,
    coupon: null,
    addOnTo: null,
    paidThroughAt: null,
  });
  const given = [rows.map((r) => r.id), rows.map((r) => r.key), rows.map((r) => newId('sub', 0n, r.id)), STARTS, payload];
  await pool.query(
    `with g as materialized (select * from unnest($1::uuid[], $2::text[], $3::text[]) as g(id, key, sub)),
       a as (insert into account (id, key, kind, name, currency, time_zone, provider, created_at, updated_at) select id, key, 'user', key, 'USD', 'UTC', 'manual', $4, $4 from g),
       s as (insert into subscription (account_id, id, starts_at, revision, created_at) select id, sub, $4, 1, $4 from g),
       b as (insert into billing_state (account_id, next_due) select id, $4 from g)
     insert into subscription_change (account_id, subscription_id, seq, kind, effective_at, recorded_at, payload) select id, sub, 1, 'started', $4, $4, $5::jsonb from g`,
    given,
  );
  let result;
  const took = await seconds(async () => {
    result = await app.get(BillRunService).run({ asOf: BigInt(Date.parse('2026-01-15T00:00:00Z')) * 1000n });
  });
  for (const table of TABLES) await pool.query(`create table floor_${table} (like ${table} including all)`);
  const floor = await seconds(async () => {
    for (const table of TABLES) await pool.query(`insert into floor_${table} overriding system value select * from ${table}`);
  });
  const memoryMib = Math.round(process.resourceUsage().maxRSS / 1024);
  report({
    bench: 'bill-run',
    unit: 'invoices/s',
    value: Math.round(result.invoices / took),
    floor: Math.round(result.invoices / floor),
    invoices: result.invoices,
    memoryMib,
  });
});
