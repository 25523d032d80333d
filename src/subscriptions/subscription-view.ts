import type { PlanVersion } from '../domain/catalog.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { Fact, SubscriptionHistory } from '../domain/subscription/facts.js';
import { currentPeriod, holdings, shownAt } from '../domain/subscription/history.js';
import { endOf, isPausedAt, pausesOf, standing, startOf, statusAt, trialEndOf } from '../domain/subscription/lifecycle.js';
import type { ScheduledChangeView, SubscriptionView } from './subscriptions.dto.js';

export interface ViewContext {
  /** The account's key. */
  readonly account: string;
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly at: Instant;
  readonly pastDue: boolean;
}

/** A subscription as callers see it at an instant. */
export function subscriptionView(history: SubscriptionHistory, { account, versions, at, pastDue }: ViewContext): SubscriptionView {
  const started = startOf(history);
  const end = endOf(history);
  const status = statusAt(history, at);
  const held = holdings(history, versions);
  const holding = shownAt(history, versions, at);
  if (!holding) throw new RangeError(`subscription ${history.id} ends before it starts`);
  const runs = status !== 'scheduled' && status !== 'canceled';
  const trialEndsAt = trialEndOf(history);
  const pause = runs ? pausesOf(history).find((one) => isPausedAt([one], at)) : undefined;
  return {
    id: history.id,
    account,
    status: status === 'active' && pastDue ? 'past_due' : status,
    plan: holding.plan.plan,
    planVersion: holding.plan.version,
    quantities: Object.fromEntries(Object.entries(holding.quantities).map(([price, quantity]) => [price, Number(quantity)])),
    overrides: Object.keys(holding.overrides).length === 0 ? null : holding.overrides,
    addOnTo: started.addOnTo,
    startsAt: formatInstant(started.effectiveAt),
    trialEndsAt: textOf(trialEndsAt),
    endsAt: textOf(end?.effectiveAt ?? null),
    alignment: started.alignment,
    anchorAt: formatInstant(holding.schedule.anchorAt),
    timeZone: started.timeZone,
    coupon: started.coupon,
    paidThrough: textOf(started.paidThroughAt),
    currentPeriod: runs ? periodView(currentPeriod(held, at)) : null,
    pause: pause === undefined ? null : { start: formatInstant(pause.start), end: textOf(pause.end) },
    scheduledChanges: scheduledChanges(history, at),
    createdAt: formatInstant(history.createdAt),
  };
}

const textOf = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

const periodView = (period: { readonly start: Instant; readonly end: Instant } | undefined): SubscriptionView['currentPeriod'] =>
  period === undefined ? null : { start: formatInstant(period.start), end: formatInstant(period.end) };

const SHOWN = ['plan_changed', 'quantity_changed', 'paused', 'resumed', 'ended'] as const satisfies readonly Fact['kind'][];
type ShownFact = Extract<Fact, { kind: (typeof SHOWN)[number] }>;
const isShown = (fact: Fact): fact is ShownFact => (SHOWN as readonly string[]).includes(fact.kind);

/** What lies ahead and will happen: what would come after the end will not. */
function scheduledChanges(history: SubscriptionHistory, at: Instant): ScheduledChangeView[] {
  const end = endOf(history);
  const ahead = standing(history).filter((fact) => isShown(fact) && fact.effectiveAt > at);
  return ahead
    .filter((fact) => end === undefined || (fact.kind === 'ended' ? fact === end : fact.effectiveAt < end.effectiveAt))
    .filter(isShown)
    .map((fact) => ({
      kind: fact.kind,
      effectiveAt: formatInstant(fact.effectiveAt),
      plan: fact.kind === 'plan_changed' ? fact.plan : null,
      planVersion: fact.kind === 'plan_changed' ? fact.planVersion : null,
      price: fact.kind === 'quantity_changed' ? fact.price : null,
      quantity: fact.kind === 'quantity_changed' ? Number(fact.quantity) : null,
    }));
}
