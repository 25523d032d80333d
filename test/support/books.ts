import { deferredMinor } from '../../src/domain/revenue.js';
import { formatMoney } from '../../src/domain/currency.js';
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
