import { discounts, discountSpreads, type DiscountInput, type DiscountSpread } from '../billing/discount.js';
import type { BilledLine, LineDiscount } from '../billing/line.js';
import { fromMinor } from '../currency.js';
import { exact, exactText, ratio } from '../decimal.js';
import { amountStep, type ExplainedStep, moneyStep, moneyText } from './step.js';

/** What one coupon took off a line, and how that came about. */
export interface ExplainedDiscount {
  readonly coupon: string;
  readonly steps: readonly ExplainedStep[];
  /** What was taken off, in minor units. */
  readonly amountMinor: bigint;
  /** Whether the steps come to that. */
  readonly reproduces: boolean;
}

export interface InvoicedDiscounts extends Omit<DiscountInput, 'charges'> {
  /** The lines of the invoice, in their order. */
  readonly charges: readonly BilledLine[];
}

/** What coupons took off a line of an invoice. */
export function explainDiscounts(line: BilledLine, input: InvoicedDiscounts): ExplainedDiscount[] {
  const index = input.charges.findIndex(({ id }) => id === line.id);
  const computed = discounts(input)[index] ?? [];
  const spreads = discountSpreads(input);
  return line.discounts.map((taken) => ({
    coupon: taken.coupon,
    steps: line.adjusts === null ? spreadSteps(spreads, { index, taken, currency: input.currency }) : originSteps(line, taken, input),
    amountMinor: taken.amountMinor,
    reproduces: computed.find(({ coupon }) => coupon === taken.coupon)?.amountMinor === taken.amountMinor,
  }));
}

interface Taken {
  readonly index: number;
  readonly taken: LineDiscount;
  readonly currency: string;
}

function spreadSteps(spreads: readonly DiscountSpread[], { index, taken, currency }: Taken): ExplainedStep[] {
  const spread = spreads.find(({ coupon, parts }) => coupon.key === taken.coupon && parts.some((part) => part.index === index));
  const own = spread?.parts.find((part) => part.index === index);
  if (!spread || !own) return [];
  const money = (minor: bigint): string => moneyText(minor, currency);
  const share = ratio(own.leftMinor, spread.totalMinor === 0n ? 1n : spread.totalMinor);
  const [off, left] = [fromMinor(spread.offMinor, currency), money(own.leftMinor)];
  const lines = `${String(spread.parts.length)} line${spread.parts.length === 1 ? '' : 's'}`;
  return [
    moneyStep(
      'base',
      `The coupon applies to ${lines} of this period, which come to ${money(spread.totalMinor)}.`,
      spread.totalMinor,
      currency,
    ),
    offStep(spread, currency),
    {
      ...amountStep(
        'part',
        `This line is ${left} of that: ${exactText(off)} x ${share.toFraction()} = ${exactText(off.mul(share))} ${currency}, to whole minor units by largest remainder: ${money(own.partMinor)}.`,
        fromMinor(own.partMinor, currency),
      ),
      share: share.toFraction(),
    },
  ];
}

function offStep({ coupon: { percentOff, amountOff }, totalMinor, offMinor }: DiscountSpread, currency: string): ExplainedStep {
  const off = moneyText(offMinor, currency);
  if (percentOff === undefined)
    return moneyStep('off', `It takes ${amountOff ?? '0'} off each period; ${off} of that is left to be given.`, offMinor, currency);
  const full = fromMinor(totalMinor, currency).mul(exact(percentOff)).div(100);
  return moneyStep('off', `${percentOff} % of that is ${exactText(full)}, rounded once: ${off}.`, offMinor, currency);
}

function originSteps(line: BilledLine, taken: LineDiscount, { billed, currency }: InvoicedDiscounts): ExplainedStep[] {
  const origin = billed.find(({ id }) => id === line.adjusts);
  const whole = origin?.discounts.find(({ coupon }) => coupon === taken.coupon)?.amountMinor ?? 0n;
  const text = `The line that this one adjusts had ${moneyText(whole, currency)} off; in proportion, rounded over all that adjusts it, ${moneyText(taken.amountMinor, currency)} of that belongs to this line.`;
  return [moneyStep('part', text, taken.amountMinor, currency)];
}
