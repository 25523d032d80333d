import { parseMoney } from '../../../src/domain/currency.js';
import type { TestApp } from '../../support/app.js';

const minor = (amount: string, currency: string): bigint =>
  amount.startsWith('-') ? -parseMoney(amount.slice(1), currency) : parseMoney(amount, currency);

/** Amounts by currency, those that are not zero. */
function byCurrency(rows: readonly any[], amountOf: (row: any) => string): Record<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const row of rows) sums.set(row.currency, (sums.get(row.currency) ?? 0n) + minor(amountOf(row), row.currency));
  return Object.fromEntries([...sums].filter(([, sum]) => sum !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const negated = (sums: Record<string, bigint>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(sums).map(([currency, sum]) => [currency, -sum]));

/** As of an instant: debits are credits, and every report of the books says what the ledger accounts say. */
export async function booksBalance(wharfage: TestApp, asOf: string, firstMonth: string): Promise<void> {
  const read = async (path: string, query = ''): Promise<any[]> => (await wharfage.ok('GET', `/v2/${path}?asOf=${asOf}${query}`)).data;
  const month = asOf.slice(0, 7);
  const trial = await read('ledger/trial-balance');
  const of = (name: string): Record<string, bigint> =>
    byCurrency(
      trial.filter(({ ledgerAccount }) => ledgerAccount === name),
      ({ balance }) => balance,
    );
  const aging = await read('reports/receivables-aging');
  const deferred = (await read('reports/deferred-revenue', `&from=${month}&to=${month}`)).filter(({ status }) => status === 'actual');
  const revenue = await read('reports/revenue', `&from=${firstMonth}&to=${month}`);
  expect({
    asOf,
    sum: byCurrency(trial, ({ balance }) => balance),
    owed: byCurrency(aging, ({ total }) => total),
    deferred: byCurrency(deferred, ({ closing }) => closing),
    waterfall: byCurrency(deferred, ({ opening }) => opening),
    revenue: byCurrency(revenue, ({ recognized }) => recognized),
  }).toEqual({
    asOf,
    sum: {},
    owed: of('accounts_receivable'),
    deferred: negated(of('deferred_revenue')),
    waterfall: opening(deferred),
    revenue: negated(of('revenue')),
  });
}

/** closing = opening + billed - recognized, the other way around. */
function opening(rows: readonly any[]): Record<string, bigint> {
  const sums = rows.map(({ currency, closing, billed, recognized }) => ({
    currency,
    amount: minor(closing, currency) - minor(billed, currency) + minor(recognized, currency),
  }));
  return Object.fromEntries(
    sums
      .filter(({ amount }) => amount !== 0n)
      .map(({ currency, amount }) => [currency, amount] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** As of an instant: what a month opens with and its movements are what it closes with, and the next one opens with that. */
export async function recurringRevenueMoves(wharfage: TestApp, asOf: string, firstMonth: string): Promise<void> {
  const { data } = await wharfage.ok('GET', `/v2/reports/mrr?asOf=${asOf}&from=${firstMonth}`);
  const closed = new Map<string, string>();
  for (const row of data as any[]) {
    const of = (name: string): bigint => minor(row[name], row.currency);
    const moved = ['new', 'expansion', 'contraction', 'churn', 'reactivation'].reduce((sum, name) => sum + of(name), of('opening'));
    expect([row.month, row.currency, moved]).toEqual([row.month, row.currency, of('closing')]);
    const before = closed.get(row.currency);
    if (before !== undefined) expect([row.month, row.currency, row.opening]).toEqual([row.month, row.currency, before]);
    closed.set(row.currency, row.closing);
  }
}

/** Each series of invoices and of credit notes counts 1, 2, 3 ... N, and each number is that of a document. */
export async function numbersAreWhole(wharfage: TestApp): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const document of ['invoice', 'credit_note']) {
    const rows: { series: string; count: number; least: number; most: number; lost: number }[] = await wharfage.source.query(
      `select s.series, count(*)::int as count, min(s.n)::int as least, max(s.n)::int as most, (count(*) filter (where d.number is null))::int as lost
       from ${document}_number s left join ${document} d on d.account_id = s.account_id and d.id = s.${document}_id group by s.series`,
    );
    for (const { series, count, least, most, lost } of rows) {
      expect([document, series, least, most, lost]).toEqual([document, series, 1, count, 0]);
      counted[document] = (counted[document] ?? 0) + count;
    }
  }
  return counted;
}
