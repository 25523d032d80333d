import { deferredMinor } from '../../src/domain/revenue.js';
import { formatMoney, parseMoney } from '../../src/domain/currency.js';
import { type Instant, parseInstant } from '../../src/domain/instant.js';
import { REVENUE_LINE_COLUMNS, type RevenueLineRow } from '../../src/ledger/revenue-lines.js';
import type { TestApp } from './app.js';

/** Balances of the ledger accounts as of an instant, in USD. */
export async function balances(wharfage: TestApp, asOf?: string): Promise<Record<string, string>> {
  const { data } = await wharfage.ok('GET', `/v2/ledger/trial-balance${asOf === undefined ? '' : `?asOf=${asOf}`}`);
  return Object.fromEntries(data.map((row: any) => [row.ledgerAccount, row.balance]));
}

/** What the domain says is deferred as of an instant, in USD, as a liability stands in the ledger. */
export async function deferredBy(wharfage: TestApp, asOf: string): Promise<string> {
  const lines: (RevenueLineRow & { issuedAt: Instant })[] = await wharfage.source.query(
    `select ${REVENUE_LINE_COLUMNS} from revenue_line where method = 'daily'`,
  );
  return formatMoney(-deferredMinor(lines, parseInstant(asOf)), 'USD');
}

export const report = async (wharfage: TestApp, name: string, query = ''): Promise<any[]> =>
  (await wharfage.ok('GET', `/v2/reports/${name}?${query}`)).data as any[];

/** What the reports say as of an instant, in USD, is what the ledger accounts stand at then; and what is deferred is what the domain says. */
export async function reportsTie(wharfage: TestApp, asOf: string): Promise<void> {
  const { accounts_receivable: owed = '0.00', deferred_revenue: deferred = '0.00', revenue = '0.00' } = await balances(wharfage, asOf);
  const recognized = (await report(wharfage, 'revenue', `asOf=${asOf}`)).map((row) => row.recognized);
  const month = asOf.slice(0, 7);
  const [row] = await report(wharfage, 'deferred-revenue', `asOf=${asOf}&from=${month}&to=${month}`);
  const aging = (await report(wharfage, 'receivables-aging', `asOf=${asOf}`)).map(({ total }) => total);
  const told = { asOf, owed: added(aging), revenue: added(recognized), deferred: added([row?.closing ?? '0.00']) };
  expect(told).toEqual({ asOf, owed: added([owed]), revenue: -added([revenue]), deferred: -added([deferred]) });
  expect([asOf, added([await deferredBy(wharfage, asOf)])]).toEqual([asOf, added([deferred])]);
}

const added = (amounts: readonly string[]): bigint => amounts.reduce((sum, amount) => sum + parseSigned(amount), 0n);
const parseSigned = (amount: string): bigint => (amount.startsWith('-') ? -parseMoney(amount.slice(1), 'USD') : parseMoney(amount, 'USD'));
