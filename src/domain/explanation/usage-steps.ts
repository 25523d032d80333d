import type { ExpectedMetered } from '../billing/due.js';
import { lineAmount } from '../billing/line-amount.js';
import type { BilledLine } from '../billing/line.js';
import { exact, exactText, shown, ZERO } from '../decimal.js';
import type { GroupUsage, UsageAnswer } from '../metering/question.js';
import { rateMetered } from '../rating/rate.js';
import { ratingSteps } from './rating-steps.js';
import { type ExplanationWarning, type Reckoned, roundStep } from './step.js';

const NOTHING: Omit<GroupUsage, 'group'> = { quantity: ZERO, billable: ZERO, events: 0n };

/** The usage of a line's own group. */
export function ownUsage({ groups }: BilledLine, answer: UsageAnswer): GroupUsage {
  const own = answer.find(({ group }) => Object.entries(group).every(([property, value]) => groups?.[property] === value));
  return own ?? { ...NOTHING, group: groups ?? {} };
}

/**
 * The usage as it was billed, by what the line keeps of it. Exact where 6 decimals suffice, as for all that is counted; a level's average may
 * not be.
 */
function usageAsBilled({ quantity, groups, breakdown }: BilledLine): GroupUsage {
  const shownOf = (name: string): string => breakdown.find(({ step }) => step === name)?.quantity ?? '0';
  const metered = exact(quantity);
  return {
    group: groups ?? {},
    quantity: metered,
    billable: metered.sub(exact(shownOf('free_concurrent'))),
    events: BigInt(shownOf('events')),
  };
}

/**
 * All that the usage of a line's piece comes to: by the usage as it is known, where that comes to what was billed, else by the usage that the line
 * keeps. `billedMinor` is what it came to when it was billed, this line included.
 */
export function usageSteps(
  line: BilledLine,
  item: ExpectedMetered,
  { known, billedMinor, currency }: { readonly known: GroupUsage | undefined; readonly billedMinor: bigint; readonly currency: string },
): Reckoned & { readonly warnings: readonly ExplanationWarning[] } {
  const kept = usageAsBilled(line);
  const found = [...(known ? [known] : []), kept].map((usage) => ({ usage, ...ratedBy(item, usage, currency) }));
  const chosen = found.find(({ amountMinor }) => amountMinor === billedMinor) ?? found[0];
  if (!chosen) throw new RangeError('a line keeps its usage');
  const { usage, steps, amountMinor } = chosen;
  return { steps, amountMinor, warnings: [...belowZero(usage), ...changed(usage, known)] };
}

function ratedBy(item: ExpectedMetered, usage: GroupUsage, currency: string): Reckoned {
  const rated = rateMetered(item.price, usage, item.share);
  const amountMinor = lineAmount(rated.amount, currency);
  const steps = ratingSteps(rated, { price: item.price, currency, share: item.share });
  return { steps: [...steps, roundStep(amountMinor, currency)], amountMinor };
}

function belowZero({ quantity }: GroupUsage): ExplanationWarning[] {
  if (quantity === null || !quantity.lt(ZERO)) return [];
  const detail = `The quantity is ${exactText(quantity)}, below zero: it was rated as zero. Look for usage that was taken back twice.`;
  return [{ code: 'quantity_below_zero', detail }];
}

function changed(used: GroupUsage, known: GroupUsage | undefined): ExplanationWarning[] {
  if (known === undefined || known === used) return [];
  const now = shown(known.quantity ?? ZERO);
  const detail = `Usage of this time was reported or corrected after it was billed: it is ${now}. The difference is billed by a line that adjusts this one.`;
  return [{ code: 'usage_changed', detail }];
}
