import type { Draft } from '../domain/billing/draft.js';
import type { Billed } from './bill-accounts.js';

/** What a run, or a part of it, came to. */
export interface RunResult {
  readonly accounts: number;
  readonly invoices: number;
  readonly parked: number;
  /** Sums of the invoices' totals in minor units, by currency. */
  readonly totals: ReadonlyMap<string, bigint>;
}

export const NOTHING: RunResult = { accounts: 0, invoices: 0, parked: 0, totals: new Map() };

export function resultOf({ accounts, bills }: Billed): RunResult {
  return { accounts, invoices: bills.length, parked: 0, totals: totalsOf(bills.map(({ draft }) => draft)) };
}

function totalsOf(drafts: readonly Draft[]): Map<string, bigint> {
  const totals = new Map<string, bigint>();
  for (const { currency, totalMinor } of drafts) totals.set(currency, (totals.get(currency) ?? 0n) + totalMinor);
  return totals;
}

export function sum(a: RunResult, b: RunResult): RunResult {
  const totals = new Map(a.totals);
  for (const [currency, total] of b.totals) totals.set(currency, (totals.get(currency) ?? 0n) + total);
  return { accounts: a.accounts + b.accounts, invoices: a.invoices + b.invoices, parked: a.parked + b.parked, totals };
}
