import type { FrozenPeriods } from '../billing/billing-periods.js';
import type { Expected, ExpectedMetered, ExpectedMinimum, ExpectedOneTime, ExpectedRecurring } from '../billing/due.js';
import { meteredSlot } from '../billing/expected-metered.js';
import { expected } from '../billing/expected.js';
import type { BilledLine } from '../billing/line.js';
import type { PlanVersion } from '../catalog.js';
import type { Instant } from '../instant.js';
import type { SubscriptionHistory } from '../subscription/facts.js';
import { holdings, oneTimePrices } from '../subscription/history.js';

/** A line that a subscription is charged. */
export interface SubscriptionLine extends BilledLine {
  readonly subscription: string;
  readonly plan: string;
  readonly planVersion: number;
}

export const isOfSubscription = <Line extends BilledLine>(line: Line): line is Line & SubscriptionLine =>
  line.subscription !== null && line.plan !== null && line.planVersion !== null;

/** What a line was to charge. */
export type Charged =
  | { readonly kind: 'one_time'; readonly item: ExpectedOneTime }
  | { readonly kind: 'recurring'; readonly item: ExpectedRecurring }
  | { readonly kind: 'metered'; readonly item: ExpectedMetered }
  | { readonly kind: 'minimum'; readonly item: ExpectedMinimum };

export interface KnownThen {
  readonly history: SubscriptionHistory;
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  /** The bounds of the periods that were billed. */
  readonly frozen: FrozenPeriods;
  /** What had fallen due by then was billed. */
  readonly asOf: Instant;
  /** When the invoice was issued: facts that were recorded later were not known. */
  readonly issuedAt: Instant;
}

/**
 * What a line was to charge, by what was known when it was billed: facts may have come at the same instant, before or after it; so the most that
 * could be known is tried first, then less. `undefined` for a line whose slot was not to be charged any more.
 */
export function chargedBy(line: BilledLine, { history, issuedAt, ...known }: KnownThen): Charged | undefined {
  const facts = history.facts.filter(({ recordedAt }) => recordedAt <= issuedAt);
  const parent = history.parent && {
    ...history.parent,
    facts: history.parent.facts.filter(({ recordedAt, kind }) => recordedAt <= issuedAt || kind === 'started'),
  };
  for (let count = facts.length; count > 0; count -= 1) {
    const then = { ...history, facts: facts.slice(0, count), ...(parent && { parent }) };
    const held = { held: holdings(then, known.versions), oneTime: oneTimePrices(then, known.versions) };
    const found = itemOf(line, expected(held, known.asOf, { frozen: known.frozen }));
    if (found) return found;
  }
  return undefined;
}

function itemOf(line: BilledLine, { oneTime, recurring, metered, minimums }: Expected): Charged | undefined {
  const ofSlot = <Item extends { readonly slot: string }>(items: readonly Item[]): Item | undefined =>
    items.find(({ slot }) => slot === line.slot);
  const once = ofSlot(oneTime);
  if (once) return { kind: 'one_time', item: once };
  const period = recurring.find(({ slot, period: { key } }) => slot === line.slot && key === line.period.key);
  if (period) return { kind: 'recurring', item: period };
  const usage = metered.find((item) => item.subscription === line.subscription && meteredSlot(item, line.groups ?? {}) === line.slot);
  if (usage) return { kind: 'metered', item: usage };
  const minimum = ofSlot(minimums);
  return minimum && { kind: 'minimum', item: minimum };
}
