import type { PlanVersion } from '../catalog.js';
import type { Instant } from '../instant.js';
import { sameInterval } from '../period.js';
import type { Fact, Overrides, PlanChangedFact, Proration, Quantities, QuantityChangedFact, SubscriptionHistory } from './facts.js';
import { standing, startOf } from './lifecycle.js';

/** Names a plan version for look-ups. */
export const versionKey = (plan: string, version: number): string => `${plan}@${String(version)}`;

/** What is held from some instant on, until the next change. */
export interface Terms {
  readonly from: Instant;
  /** The fact that brought them; a parent's, where its anchor was reset. */
  readonly by: Fact;
  readonly base: PlanVersion;
  readonly quantities: Quantities;
  readonly overrides: Overrides;
  /** How the terms before these were left. */
  readonly proration: Proration;
  readonly resets: boolean;
  readonly migration: boolean;
  /** A change of quantity goes on under the plan before it. */
  readonly samePlan: boolean;
}

/** The terms one after the other, each as its fact changes the one before. An add-on's anchor is reset with its parent's. */
export function termsOf(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): Terms[] {
  const started = startOf(history);
  const base = versionOf(started, versions);
  const changes = [
    ...standing(history).filter((fact) => fact.kind === 'plan_changed' || fact.kind === 'quantity_changed'),
    ...(history.parent ? anchorResets(history.parent, started.effectiveAt, versions) : []),
  ].sort((a, b) => (a.effectiveAt < b.effectiveAt ? -1 : a.effectiveAt > b.effectiveAt ? 1 : 0));
  const found: Terms[] = [
    {
      from: started.effectiveAt,
      by: started,
      base,
      quantities: started.quantities,
      overrides: started.overrides ?? {},
      proration: 'prorate',
      resets: false,
      migration: false,
      samePlan: false,
    },
  ];
  for (const change of changes) found.push(changed(found.at(-1) ?? fail(), change, versions));
  return found;
}

interface AnchorReset {
  readonly kind: 'anchor_reset';
  readonly effectiveAt: Instant;
  readonly by: Fact;
  readonly proration: Proration;
}

function changed(
  before: Terms,
  change: PlanChangedFact | QuantityChangedFact | AnchorReset,
  versions: ReadonlyMap<string, PlanVersion>,
): Terms {
  const by = change.kind === 'anchor_reset' ? change.by : change;
  const same: Terms = { ...before, from: change.effectiveAt, by, proration: 'prorate', resets: false, migration: false, samePlan: true };
  if (change.kind === 'quantity_changed') return { ...same, quantities: { ...before.quantities, [change.price]: change.quantity } };
  if (change.kind === 'anchor_reset') return { ...same, proration: change.proration, resets: true };
  const base = versionOf(change, versions);
  const priced = new Set(base.prices.map((price) => price.key));
  return {
    from: change.effectiveAt,
    by,
    base,
    quantities: change.quantities ?? Object.fromEntries(Object.entries(before.quantities).filter(([key]) => priced.has(key))),
    overrides: change.overrides ?? (base.plan === before.base.plan ? before.overrides : {}),
    proration: change.proration,
    resets: change.anchor === 'reset' || !sameInterval(before.base.interval, base.interval), // another interval always resets the anchor
    migration: change.migration,
    samePlan: false,
  };
}

function anchorResets(parent: SubscriptionHistory, after: Instant, versions: ReadonlyMap<string, PlanVersion>): AnchorReset[] {
  return termsOf(parent, versions)
    .slice(1)
    .filter(({ from, resets }) => resets && from > after)
    .map(({ from, by, proration }) => ({ kind: 'anchor_reset', effectiveAt: from, by, proration }));
}

/** The plan version with the subscription's own prices in the place of those of the same keys. */
export function overridden(plan: PlanVersion, { prices = [], minimumCommitment }: Overrides): PlanVersion {
  if (prices.length === 0 && minimumCommitment === undefined) return plan;
  const own = new Map(prices.map((price) => [price.key, price]));
  return {
    ...plan,
    prices: plan.prices.map((price) => own.get(price.key) ?? price),
    ...(minimumCommitment === undefined ? {} : { minimumCommitment }),
  };
}

export function versionOf(
  fact: { readonly plan: string; readonly planVersion: number },
  versions: ReadonlyMap<string, PlanVersion>,
): PlanVersion {
  const plan = versions.get(versionKey(fact.plan, fact.planVersion));
  if (!plan) throw new RangeError(`plan version ${versionKey(fact.plan, fact.planVersion)} was not loaded`);
  return plan;
}

function fail(): never {
  throw new RangeError('a subscription has terms from its start on');
}
