import type { PlanVersion } from '../domain/catalog.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { SubscriptionHistory } from '../domain/subscription/facts.js';
import { currentPeriod, endOf, holdingAt, holdings, startOf, statusAt } from '../domain/subscription/history.js';
import type { ScheduledChangeView, SubscriptionView } from './subscriptions.dto.js';

export interface ViewContext {
  /** The account's key. */
  readonly account: string;
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly at: Instant;
}

/** A subscription as callers see it at an instant. */
export function subscriptionView(history: SubscriptionHistory, { account, versions, at }: ViewContext): SubscriptionView {
  const started = startOf(history);
  const end = endOf(history);
  const status = statusAt(history, at);
  // A subscription that was canceled before its start never holds anything: it is shown with what it would have held.
  const holding = holdingAt(holdings(history, versions), at) ?? holdingAt(holdings({ ...history, facts: [started] }, versions), at);
  if (!holding) throw new RangeError(`subscription ${history.id} ends before it starts`);
  const runs = status !== 'scheduled' && status !== 'canceled';
  return {
    id: history.id,
    account,
    status,
    plan: holding.plan.plan,
    planVersion: holding.plan.version,
    quantities: Object.fromEntries(Object.entries(holding.quantities).map(([price, quantity]) => [price, Number(quantity)])),
    startsAt: formatInstant(started.effectiveAt),
    trialEndsAt: started.trialEndsAt === null ? null : formatInstant(started.trialEndsAt),
    endsAt: end === undefined ? null : formatInstant(end.effectiveAt),
    alignment: started.alignment,
    anchorAt: formatInstant(holding.schedule.anchorAt),
    timeZone: started.timeZone,
    coupon: started.coupon,
    currentPeriod: runs ? periodView(currentPeriod(holding, at)) : null,
    scheduledChanges: scheduledChanges(history, at),
    createdAt: formatInstant(history.createdAt),
  };
}

const periodView = ({ start, end }: { readonly start: Instant; readonly end: Instant }): SubscriptionView['currentPeriod'] => ({
  start: formatInstant(start),
  end: formatInstant(end),
});

/** What lies ahead and will happen: a plan change after the end will not. */
function scheduledChanges(history: SubscriptionHistory, at: Instant): ScheduledChangeView[] {
  const end = endOf(history)?.effectiveAt;
  const ahead = history.facts.filter((fact) => fact.kind !== 'started' && fact.effectiveAt > at);
  return ahead
    .filter((fact) => end === undefined || (fact.kind === 'ended' ? fact.effectiveAt === end : fact.effectiveAt < end))
    .sort((a, b) => (a.effectiveAt < b.effectiveAt ? -1 : a.effectiveAt > b.effectiveAt ? 1 : a.seq - b.seq))
    .map((fact) => ({
      kind: fact.kind,
      effectiveAt: formatInstant(fact.effectiveAt),
      plan: fact.kind === 'plan_changed' ? fact.plan : null,
      planVersion: fact.kind === 'plan_changed' ? fact.planVersion : null,
    }));
}
