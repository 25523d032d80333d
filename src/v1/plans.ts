import type { Entitlement, PlanVersion } from '../domain/catalog.js';
import { toMinor } from '../domain/currency.js';
import type { Entitlements } from '../domain/entitlements.js';
import { periodPrice } from '../domain/subscription/commands/monthly-price.js';
import type { V1PlanView } from './v1.dto.js';

/** The product whose plans v1 sells. */
export const HUB = 'hub';
export const PRIVATE_REPOS = 'private_repos';
export const PARALLEL_BUILDS = 'parallel_builds';

const UNITS = { month: 'months', year: 'years' } as const;

/** Whether v1 can tell of a plan: one of its product, by months or years, that is not held by default. */
export function isSold({ product, interval, defaultFor = [] }: Pick<PlanVersion, 'product' | 'interval' | 'defaultFor'>): boolean {
  return product === HUB && interval.unit in UNITS && defaultFor.length === 0;
}

export function planView(plan: PlanVersion, active: boolean): V1PlanView {
  const { unit, count } = plan.interval;
  return {
    plan_code: plan.plan,
    slug: plan.plan.replaceAll(/[._:]/g, '-'),
    name: plan.name,
    price_in_cents: centsOf(plan),
    currency: plan.currency,
    num_private_repos: limitOf(plan.entitlements, PRIVATE_REPOS),
    num_parallel_builds: limitOf(plan.entitlements, PARALLEL_BUILDS),
    plan_interval_unit: unit === 'year' ? UNITS.year : UNITS.month,
    plan_interval_length: count,
    is_active: active,
  };
}

/** What a period costs, in minor units of the plan's currency. */
export const centsOf = (plan: PlanVersion, quantities: Readonly<Record<string, string>> = {}): number =>
  Number(toMinor(periodPrice({ plan, quantities }), plan.currency));

/** Null is unlimited; 0 where it is not included. */
export function limitOf(entitlements: Entitlements, feature: string): number | null {
  const entitlement: Entitlement | undefined = entitlements[feature];
  return entitlement && 'limit' in entitlement ? entitlement.limit : 0;
}
