import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { TestApp } from './app.js';

const DIR = new URL('../../../shared/traces/', import.meta.url);
const EVENTS = new URL('nasa-ipsc-1993.ndjson.gz', DIR);
const EXPECTED = new URL('nasa-ipsc-1993.expected.csv', DIR);

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
const STARTS = '1993-10-01T07:00:00Z';

/** When the bill of each month is run: its end in Los Angeles. */
const RUNS = { '1993-10': '1993-11-01T08:00:00Z', '1993-11': '1993-12-01T08:00:00Z' };

/** The service, in this process or in one of its own. */
export type Service = Pick<TestApp, 'ok'>;

interface Owed {
  readonly account: string;
  readonly month: string | undefined;
  readonly nodeHours: string;
  readonly billableNodeHours: string;
  readonly amount: string;
}

/** A `describe` that is skipped, and says so, where the trace of real usage does not lie beside the project. */
export function describeTrace(name: string, body: () => void): void {
  const isThere = existsSync(EVENTS) && existsSync(EXPECTED);
  if (!isThere) console.warn('skipped: the trace of real usage (../shared/traces) is not here');
  (isThere ? describe : describe.skip)(name, body);
}

/** The events, one CloudEvent a line, in order of time. */
export const traceLines = (): string[] => gunzipSync(readFileSync(EVENTS)).toString('utf8').trim().split('\n');

/** Makes what the events need. Returns a key that may report them. */
export async function prepareTrace(service: Service, lines: readonly string[]): Promise<string> {
  const scopes = ['usage:write', 'usage:backfill']; // what it takes to report what happened long ago
  const { key } = await service.ok<{ key: string }>('POST', '/v2/api-keys', { name: 'Reporter', scopes });
  await service.ok('PUT', '/v2/meters/node-hours', METER);
  await service.ok('PUT', '/v2/plans/nodes', PLAN);
  const users = [...new Set(lines.map((line) => (JSON.parse(line) as { subject: string }).subject))];
  await Promise.all(
    users.map(async (account) => {
      const timeZone = 'America/Los_Angeles';
      await service.ok('PUT', `/v2/accounts/${account}`, { kind: 'user', name: account, currency: 'USD', timeZone });
      await service.ok('POST', '/v2/subscriptions', { account, plan: 'nodes', alignment: 'calendar', startsAt: STARTS });
    }),
  );
  return key;
}

/** Every invoice there is. */
export async function traceInvoices(service: Service): Promise<any[]> {
  const all: any[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: any = await service.ok('GET', `/v2/invoices?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`);
    all.push(...page.data);
    cursor = page.nextCursor;
  }
  return all;
}

/** Bills both months: every amount and quantity must be what the log says. */
export async function expectTraceBilled(service: Service): Promise<void> {
  const runs = [];
  for (const asOf of Object.values(RUNS)) runs.push(await service.ok('POST', '/v2/bill-runs', { asOf }));
  expect(runs).toMatchObject([
    { status: 'finished', parked: 0, invoices: 49, totals: { USD: '787.74' } },
    { status: 'finished', parked: 0, invoices: 50, totals: { USD: '1062.65' } },
  ]);
  expect((await traceInvoices(service)).map(billedBy).sort(byAccountAndMonth)).toEqual(expected().sort(byAccountAndMonth));
}

/** Another run must find nothing to bill. */
export async function expectNothingLeft(service: Service): Promise<void> {
  const before = await traceInvoices(service);
  expect(await service.ok('POST', '/v2/bill-runs', { asOf: RUNS['1993-11'] })).toMatchObject({ invoices: 0, parked: 0 });
  expect(await traceInvoices(service)).toEqual(before);
}

function expected(): Owed[] {
  const [, ...rows] = readFileSync(EXPECTED, 'utf8').trim().split('\n');
  return rows.map((row) => {
    const [account = '', month = '', nodeHours = '', billableNodeHours = '', amount = ''] = row.trim().split(',');
    return { account, month, nodeHours, billableNodeHours, amount };
  });
}

function billedBy(invoice: any): Owed {
  const [line] = invoice.lines;
  return {
    account: invoice.account,
    month: Object.entries(RUNS).find(([, end]) => end === line.servicePeriod.end)?.[0],
    nodeHours: padded(line.quantity),
    billableNodeHours: padded(line.breakdown.find((step: { step: string }) => step.step === 'billable').quantity),
    amount: invoice.total,
  };
}

/** A quantity as the expected amounts write it: with six decimals. */
const padded = (quantity: string): string => Number(quantity).toFixed(6);

const byAccountAndMonth = (a: Owed, b: Owed): number => `${a.account} ${a.month ?? ''}`.localeCompare(`${b.account} ${b.month ?? ''}`);
