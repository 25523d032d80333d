import { AMOUNT_MINOR_MAX } from '../domain/currency.js';
import type { ChargeableAmounts } from './port.js';

/** Of a provider that has no bounds of its own: every amount that there can be. */
export const ANY_AMOUNT: ChargeableAmounts = { minimumMinor: 1n, maximumMinor: AMOUNT_MINOR_MAX, stepMinor: 1n };

/** Why an amount cannot be charged; `undefined` where it can. */
export function whyNotChargeable(amounts: ChargeableAmounts | undefined, amountMinor: bigint): string | undefined {
  if (!amounts) return 'currency_not_supported';
  if (amountMinor < amounts.minimumMinor) return 'amount_too_small';
  if (amountMinor > amounts.maximumMinor) return 'amount_too_large';
  return amountMinor % amounts.stepMinor === 0n ? undefined : 'amount_not_representable';
}
