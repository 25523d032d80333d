import { AMOUNT_MINOR_MAX, formatMoney, toMinor } from '../currency.js';
import type { Exact } from '../decimal.js';
import { Refusal } from '../refusal.js';

/**
 * What a line comes to, in minor units: the one rounding, halves away from zero. What is beyond any amount that is taken from outside is
 * a mistake in a price or a quantity; nobody is billed it, and no later sum can outgrow 64 bits.
 * @throws Refusal `amount_too_large`
 */
export function lineAmount(amount: Exact, currency: string): bigint {
  const minor = toMinor(amount, currency);
  if (minor > AMOUNT_MINOR_MAX || minor < -AMOUNT_MINOR_MAX)
    throw new Refusal(
      'unprocessable',
      'amount_too_large',
      `A line would come to more than ${formatMoney(AMOUNT_MINOR_MAX, currency)} ${currency}: check the price and the quantity.`,
    );
  return minor;
}
