import { formatMoney } from '../currency.js';
import { exact } from '../decimal.js';
import { Refusal } from '../refusal.js';

/** Beyond which totals in one currency nobody is billed before a person has looked. Amounts in minor units. */
export interface BillingBounds {
  readonly totalMaxMinor: bigint | null;
  /** How many times the greatest of the account's last invoices a total may be: a decimal from 1. */
  readonly growthMax: string | null;
  /** Up to this total growth is not looked at. */
  readonly growthFromMinor: bigint;
}

/** How many of an account's last invoices a total is compared with. */
export const INVOICES_COMPARED = 12;

const REMEDY = 'Look at what is to be billed; then POST /v2/accounts/{key}/bill with "ignoreBounds": true.';

/**
 * `greatestMinor` is the greatest total of the account's last invoices in the currency; undefined for its first one, which has nothing to be
 * compared with. Totals below zero are never out of bounds.
 * @throws Refusal `total_out_of_bounds`, `growth_out_of_bounds`
 */
export function refuseOutOfBounds(
  { currency, totalMinor }: { readonly currency: string; readonly totalMinor: bigint },
  { totalMaxMinor, growthMax, growthFromMinor }: BillingBounds,
  greatestMinor: bigint | undefined,
): void {
  const shown = (minor: bigint): string => `${formatMoney(minor, currency)} ${currency}`;
  if (totalMaxMinor !== null && totalMinor > totalMaxMinor)
    throw new Refusal(
      'unprocessable',
      'total_out_of_bounds',
      `The invoice would come to ${shown(totalMinor)}, more than the bound of ${shown(totalMaxMinor)}. ${REMEDY}`,
    );
  if (growthMax === null || greatestMinor === undefined || totalMinor <= growthFromMinor) return;
  if (exact(growthMax).mul(greatestMinor).compare(totalMinor) < 0)
    throw new Refusal(
      'unprocessable',
      'growth_out_of_bounds',
      `The invoice would come to ${shown(totalMinor)}, more than ${growthMax} times ${shown(greatestMinor)}, the greatest of the account's last ${String(INVOICES_COMPARED)} invoices. ${REMEDY}`,
    );
}
