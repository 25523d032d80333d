import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readPlanFile } from '../../src/cli/backtest/plan-file.js';
import { Database } from '../../src/common/database/database.js';
import { parseInstant } from '../../src/domain/instant.js';
import { Backtest } from '../../src/invoices/backtest/backtest.js';
import type { BacktestReport } from '../../src/invoices/backtest/tally.js';
import { TestApp } from '../support/app.js';
import { commandHere, type Ran } from '../support/command.js';
import { afterStory } from '../support/story.js';

const DIR = mkdtempSync(join(process.env['TEST_RUN_DIR'] ?? '', 'backtest-'));
const [JAN, MAR] = ['2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z'];
const base = { product: 'cloud', currency: 'USD', interval: { unit: 'month', count: 1 } };
const fee = (amount: string) => ({ key: 'fee', kind: 'recurring', model: 'flat', amount });
const calls = (upTo: string, beyond: string) => ({
  key: 'calls',
  kind: 'metered',
  meter: 'calls',
  model: 'graduated',
  tiers: [
    { upTo, unitPrice: '1.00' },
    { upTo: null, unitPrice: beyond },
  ],
});
const nodes = (freeConcurrent: string) => ({
  key: 'nodes',
  kind: 'metered',
  meter: 'nodes',
  model: 'per_unit',
  unitPrice: '0.10',
  freeConcurrent,
});
const FLAT = { ...base, key: 'flat', name: 'Flat', prices: [fee('10.00')] };
const TIERED = { ...base, key: 'tiered', name: 'Tiered', prices: [calls('10', '0.50')] };
const NODES = { ...base, key: 'nodes', name: 'Nodes', minimumCommitment: '1.00', prices: [nodes('1')] };
const EURO = { ...base, key: 'euro', name: 'Euro', currency: 'EUR', prices: [fee('9.00')] };
const PLANS = [FLAT, TIERED, NODES, EURO];

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20', category: 'S', inclusive: false });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
  const level = { aggregation: 'time_weighted', mode: 'level', unit: 'hour', resource: 'node', value: 'n' };
  await wharfage.ok('PUT', '/v2/meters/nodes', { name: 'Nodes', eventType: 'node', ...level });
  await wharfage.ok('PUT', '/v2/coupons/half', { percentOff: '50', duration: 'once' });
  for (const plan of PLANS) await wharfage.ok('PUT', `/v2/plans/${plan.key}`, plan);
  await holds('plain', 'flat');
  await holds('taxed', 'flat', { account: { taxRates: ['vat'] } });
  await holds('halved', 'flat', { subscription: { coupon: 'half' } });
  await holds('both', 'flat');
  await subscribe('both', 'tiered');
  await holds('busy', 'tiered');
  await holds('quiet', 'tiered');
  await holds('runner', 'nodes');
  await holds('paris', 'euro', { account: { currency: 'EUR' } });
  await wharfage.travel('2026-02-01T00:00:00Z');
  await wharfage.report([
    ...[called('busy', 14), called('quiet', 5), called('both', 20)],
    running('runner', '2026-01-02T00:00:00Z', 3),
    running('runner', '2026-01-03T00:00:00Z', 0),
  ]);
  await wharfage.travel('2026-03-01T00:00:00Z');
}, 30_000);
afterAll(() => wharfage.close());

interface More {
  readonly account?: object;
  readonly subscription?: object;
}

const subscribe = (account: string, plan: string, more: object = {}) =>
  wharfage.ok('POST', '/v2/subscriptions', { account, plan, ...more });
async function holds(key: string, plan: string, { account = {}, subscription = {} }: More = {}): Promise<void> {
  await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', ...account });
  await subscribe(key, plan, subscription);
}
const called = (subject: string, n: number) => ({
  id: subject,
  source: 's',
  type: 'call',
  subject,
  time: '2026-01-15T00:00:00Z',
  data: { n },
});
const running = (subject: string, time: string, n: number) => ({
  id: time,
  source: 's',
  type: 'node',
  subject,
  time,
  data: { n, node: 'a' },
});

function file(content: object, name = 'plan.json'): string {
  const path = join(DIR, name);
  writeFileSync(path, name.endsWith('.yaml') ? stringify(content) : JSON.stringify(content));
  return path;
}

const command = (...args: string[]): Promise<Ran> =>
  commandHere(['backtest', ...args], {
    DATABASE_URL: wharfage.url,
    LOG_LEVEL: 'silent',
    TEST_CLOCK: 'on',
    KEY_HASH_SECRET: 'a secret for tests, and for tests only',
  });
/** The same without a command, which is quicker. */
const backtest = (plan: object, { holders, range = [JAN, MAR] }: { holders?: string; range?: string[] } = {}): Promise<BacktestReport> => {
  const read = readPlanFile(file(plan));
  const [start = 0n, end = 0n] = range.map(parseInstant);
  const wanted = { plan: read, holders: holders ?? read.key, range: { start, end }, top: 10 };
  return wharfage.app.get(Backtest).run(wanted, () => Promise.resolve());
};
const classes = ({ distribution }: Pick<BacktestReport, 'distribution'>): object =>
  Object.fromEntries(distribution.filter(({ accounts }) => accounts > 0).map((one) => [one.change, one.accounts]));

/** All that is stored in the service's own tables, but for what the work of every minute moves by itself. */
const stored = async (): Promise<string[]> => {
  const tables: { name: string }[] = await wharfage.source.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'
       and tablename !~ '^(idempotency_key|alert_watch|revenue_progress|journal_(chain|seal|unsealed)|usage_(receipt|rollup|level).*)$' order by 1`,
  );
  const read = tables.map(({ name }) => `select '${name}' as name, md5(string_agg(t::text, '' order by t::text)) as digest from ${name} t`);
  const rows: { name: string; digest: string | null }[] = await wharfage.source.query(`${read.join(' union all ')} order by name`);
  return rows.filter(({ digest }) => digest !== null).map(({ name, digest }) => `${name}: ${digest ?? ''}`);
};

test('the plan as it is changes nothing for anybody, in whatever currency, and nothing is stored', async () => {
  const before = await stored();
  for (const plan of PLANS) {
    const { accounts, distribution, currencies } = await backtest(plan);
    expect(accounts).toMatchObject({ more: 0, less: 0, notCompared: 0, same: accounts.compared });
    expect(accounts.compared).toBeGreaterThan(0);
    expect(classes({ distribution })).toEqual({ unchanged: accounts.compared });
    expect(currencies.map(({ difference }) => difference)).toEqual(['0.00']);
  }
  expect(await stored()).toEqual(before);
  const written = wharfage.app.get(Database).snapshot((tx) => tx.query('delete from audit_entry'));
  await expect(written).rejects.toMatchObject({ code: '25006' });
});

test('who pays more for a flat plan, with tax and with a coupon, as a table, as JSON and as CSV', async () => {
  const csv = join(DIR, 'out.csv');
  const draft = { ...FLAT, prices: [fee('12.50')] };
  const { status, told: json, errors } = await command('--plan', file(draft), ...['--from', JAN, '--to', MAR], '--json', '--csv', csv);
  expect([status, errors]).toEqual([0, []]);
  const report: BacktestReport = JSON.parse(json);
  expect(report).toMatchObject({ plan: 'flat', holders: 'flat', asOf: '2026-03-01T00:00:00Z', notCompared: [] });
  expect(report.accounts).toEqual({ compared: 4, more: 4, less: 0, same: 0, notCompared: 0 });
  expect(classes(report)).toEqual({ '20% to 50%': 4 });
  const change = { current: '20.00', draft: '25.00', difference: '5.00', changePercent: '25' };
  expect(report.currencies).toEqual([
    {
      currency: 'USD',
      accounts: { compared: 4, more: 4, less: 0, same: 0 },
      ...{ current: '79.00', draft: '98.75', difference: '19.75', currentTax: '4.00', draftTax: '5.00' },
      mostMore: [
        { account: 'taxed', current: '24.00', draft: '30.00', difference: '6.00', changePercent: '25' },
        { account: 'both', ...change },
        { account: 'plain', ...change },
        { account: 'halved', current: '15.00', draft: '18.75', difference: '3.75', changePercent: '25' },
      ],
      mostLess: [],
    },
  ]);
  const [head, ...lines] = readFileSync(csv, 'utf8').trim().split('\r\n');
  expect(head).toBe('account,currency,current,draft,difference,change_percent,not_compared,detail');
  expect(lines.sort()[2]).toBe('plain,USD,20.00,25.00,5.00,25,,');
  const { told } = await command(
    '--plan',
    file(draft, 'plan.yaml'),
    ...['--from', JAN, '--to', MAR],
    '--top',
    '1',
    '--account',
    'plain',
    '--account',
    'taxed',
  );
  expect(told).toContain('2 accounts compared: 2 would pay more, 0 less, 0 the same; 0 cannot be re-rated');
  expect(told).toMatch(/would pay more, in USD {2}current {2}draft {2}difference {2}percent\ntaxed +24\.00 +30\.00 +6\.00 +25$/);
});

test('tiers, and units that are free at any moment: by the usage of each account', async () => {
  const tiered = await backtest({ ...TIERED, prices: [calls('12', '0.25')] });
  expect(tiered.accounts).toMatchObject({ compared: 3, more: 1, less: 1, same: 1 });
  expect(tiered.currencies[0]).toMatchObject({
    mostMore: [{ account: 'busy', current: '12.00', draft: '12.50', difference: '0.50', changePercent: '4.17' }],
    mostLess: [{ account: 'both', current: '15.00', draft: '14.00', difference: '-1.00', changePercent: '-6.67' }],
  });
  // 24 hours of 3 nodes: 2 are charged, then 1; in February the minimum commitment stays
  const level = await backtest({ ...NODES, prices: [nodes('2')] });
  expect(level.currencies[0]?.mostLess).toEqual([
    { account: 'runner', current: '5.80', draft: '3.40', difference: '-2.40', changePercent: '-41.38' },
  ]);
});

test('periods are compared that begin in the range and are over', async () => {
  const of = async (...range: string[]): Promise<string | undefined> =>
    (await backtest({ ...EURO, prices: [fee('11.00')] }, { range })).currencies[0]?.current;
  expect(await of(JAN, '2026-02-01T00:00:00Z')).toBe('9.00');
  expect(await of('2026-01-02T00:00:00Z', '2026-02-02T00:00:00Z')).toBe('9.00');
  expect(await of('2026-01-02T00:00:00Z', '2026-02-01T00:00:00Z')).toBeUndefined(); // none begins in it
  expect(await of(JAN, '2027-01-01T00:00:00Z')).toBe('18.00'); // March is not over
  expect(await of('2025-01-01T00:00:00Z', JAN)).toBeUndefined(); // nobody held it
});

test('who cannot be re-rated, and why; the others are', async () => {
  const unknown = await backtest({ ...FLAT, prices: [fee('10.00'), { ...calls('1', '1'), meter: 'nothing' }] });
  expect(unknown.accounts).toMatchObject({ compared: 0, notCompared: 4 });
  expect(unknown.notCompared).toMatchObject([{ code: 'unknown_meter', accounts: 4 }]);
  const clash = await backtest({ ...FLAT, prices: [fee('10.00'), calls('1', '1')] });
  expect(clash.accounts).toMatchObject({ compared: 3, notCompared: 1 });
  expect(clash.notCompared).toMatchObject([{ code: 'meter_already_priced', accounts: 1, examples: [{ account: 'both' }] }]);
  const yearly = await backtest({ ...FLAT, interval: { unit: 'year', count: 1 } });
  expect(yearly.notCompared).toMatchObject([{ code: 'other_interval', accounts: 4 }]);
  const foreign = await backtest(FLAT, { holders: 'euro' });
  expect(foreign.notCompared).toMatchObject([{ code: 'currency_mismatch', accounts: 1 }]);
  const other = await backtest({ ...FLAT, key: 'thought-of' }, { holders: 'nodes' });
  expect(other.currencies[0]?.mostMore).toMatchObject([{ account: 'runner', current: '5.80', draft: '20.00' }]);
});

test('a draft is checked as PUT /v2/plans/{key} would check it', async () => {
  const odd = await command(
    '--plan',
    file({ ...FLAT, nmae: 'x', prices: [{ ...fee('10.00'), amount: 10 }] }),
    ...['--from', JAN, '--to', MAR],
  );
  expect(odd.status).toBe(2);
  expect(odd.errors.join('\n')).toMatch(/\/nmae: unknown_field: .*\n.*\/prices\/0\/amount: /);
  expect(() => readPlanFile(file({ ...FLAT, key: undefined }))).toThrow('/key: Name the plan');
  const refused = (plan: object): Promise<unknown> => backtest(plan).catch((error: unknown) => (error as Error).message);
  expect(await refused({ ...FLAT, prices: [fee('10.001')] })).toContain('Must be an amount in USD');
  expect(await refused({ ...FLAT, currency: 'EUR' })).toContain('plan_currency_fixed');
  expect(await refused({ ...FLAT, key: 'thought-of' })).toContain('plan_not_found');
  expect(await refused({ ...FLAT, entitlements: { x: { limit: 1 } } })).toContain('unknown_feature');
  await afterStory(wharfage);
});
