import { formatMoney, isCurrency } from '../../domain/currency.js';
import type { ChargeableAmounts } from '../port.js';

/** Decimal numbers of up to fifteen digits are the same number when they are read again; Recurly has no least amount, its gateways may. */
const MINOR_MAX = 10n ** 15n - 1n;

export const recurlyAmounts = (currency: string): ChargeableAmounts | undefined =>
  isCurrency(currency) ? { minimumMinor: 1n, maximumMinor: MINOR_MAX, stepMinor: 1n } : undefined;

/** Recurly takes major units as a JSON number. It is read from the exact decimal, and nothing is reckoned with it. */
export const toRecurly = (amountMinor: bigint, currency: string): number => Number(formatMoney(amountMinor, currency));
