import type { Entitlement, PlanVersion } from './catalog.js';
import type { Instant } from './instant.js';
import type { SubscriptionHistory } from './subscription/facts.js';
import { type Holding, holdingAt, holdings } from './subscription/history.js';
import { endOf, pausesOf, startOf, statusAt } from './subscription/lifecycle.js';

/** By feature key. */
export type Entitlements = Readonly<Record<string, Entitlement>>;

/** What an account may do at some instant, and how long that stays so if nothing else happens. */
export interface Entitled {
  readonly features: Entitlements;
  /** Keys of the plans that grant it, default plans among them. */
  readonly plans: readonly string[];
  /** `null` while nothing is known that would change it. */
  readonly validUntil: Instant | null;
}

export interface EntitledInput {
  readonly subscriptions: readonly SubscriptionHistory[];
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  /** The default plans of the account's kind, which it holds without a subscription. */
  readonly defaults: readonly PlanVersion[];
  /** When other versions of default plans take effect. */
  readonly defaultsChangeAt: Instant | null;
}

/** Over the account's live subscriptions, what they were granted beyond their plans, and its default plans: the highest limit, flags by "or". */
export function entitledAt({ subscriptions, versions, defaults, defaultsChangeAt }: EntitledInput, at: Instant): Entitled {
  const held = subscriptions.map((history) => ({ history, stretches: holdings(history, versions) }));
  const live = held.flatMap(({ history, stretches }) => (isServed(history, at) ? (holdingAt(stretches, at) ?? []) : []));
  const grants = [
    ...defaults.map((plan) => plan.entitlements),
    ...live.flatMap(({ plan, overrides }) => [plan.entitlements, overrides.entitlements ?? {}]),
  ];
  const changes = [
    ...held.flatMap(({ history, stretches }) => instantsOf(history, stretches)),
    ...(defaultsChangeAt === null ? [] : [defaultsChangeAt]),
  ];
  const ahead = changes.filter((change) => change > at);
  return {
    features: highest(grants),
    plans: [...new Set([...defaults.map(({ plan }) => plan), ...live.map(({ plan }) => plan.plan)])].sort(),
    validUntil: ahead.reduce<Instant | null>((first, change) => (first === null || change < first ? change : first), null),
  };
}

function isServed(history: SubscriptionHistory, at: Instant): boolean {
  const status = statusAt(history, at);
  return status === 'trialing' || status === 'active';
}

/** When what a subscription grants may change. */
function instantsOf(history: SubscriptionHistory, stretches: readonly Holding[]): Instant[] {
  const end = endOf(history)?.effectiveAt;
  const pauses = pausesOf(history).flatMap((pause) => (pause.end === null ? [pause.start] : [pause.start, pause.end]));
  return [startOf(history).effectiveAt, ...(end === undefined ? [] : [end]), ...pauses, ...stretches.map(({ from }) => from)];
}

/** For each feature the highest limit (`null` is unlimited), or whether any grant enables it; in the order of the keys. */
export function highest(grants: readonly Entitlements[]): Entitlements {
  const best = new Map<string, Entitlement>();
  for (const grant of grants)
    for (const [feature, entitlement] of Object.entries(grant)) {
      const other = best.get(feature);
      best.set(feature, other === undefined ? entitlement : higher(other, entitlement));
    }
  return Object.fromEntries([...best].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function higher(a: Entitlement, b: Entitlement): Entitlement {
  if ('enabled' in a && 'enabled' in b) return { enabled: a.enabled || b.enabled };
  if ('limit' in a && 'limit' in b) return { limit: a.limit === null || b.limit === null ? null : Math.max(a.limit, b.limit) };
  return 'limit' in a ? a : b; // a feature has one kind: the catalog sees to it
}

/** Whether an account may have so much of a feature. Counts whole things. */
export interface Check {
  readonly allowed: boolean;
  /** `null` is unlimited, and has no meaning for a flag. */
  readonly limit: number | null;
  readonly used: bigint;
  /** What is left above what is used, never below zero; `null` where there is no limit. */
  readonly remaining: bigint | null;
  readonly reason: CheckReason;
}

export const CHECK_REASONS = ['within_limit', 'unlimited', 'limit_exceeded', 'enabled', 'disabled', 'not_included'] as const;
export type CheckReason = (typeof CHECK_REASONS)[number];

/** The answer to "may the account have `quantity` of it in all?"; without a quantity, "may it have what it uses?". */
export function check(entitlement: Entitlement | undefined, used: bigint, quantity = used): Check {
  if (entitlement === undefined) return { allowed: false, limit: 0, used, remaining: 0n, reason: 'not_included' };
  if ('enabled' in entitlement) {
    const allowed = entitlement.enabled;
    return { allowed, limit: null, used, remaining: null, reason: allowed ? 'enabled' : 'disabled' };
  }
  const { limit } = entitlement;
  if (limit === null) return { allowed: true, limit, used, remaining: null, reason: 'unlimited' };
  const allowed = quantity <= BigInt(limit);
  const rest = BigInt(limit) - used;
  return { allowed, limit, used, remaining: rest > 0n ? rest : 0n, reason: allowed ? 'within_limit' : 'limit_exceeded' };
}

/** A limit that would be lower than it is, and lower than what is used. */
export interface Exceeded {
  readonly feature: string;
  readonly used: bigint;
  readonly limit: number;
}

/** Which limits `after` lowers below what is used of them. */
export function exceeded(before: Entitlements, after: Entitlements, used: ReadonlyMap<string, bigint>): Exceeded[] {
  return [...used]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([feature, amount]) => {
      const [was, will] = [limitOf(before[feature]), limitOf(after[feature])];
      const lowered = will !== null && (was === null || will < was);
      return lowered && amount > BigInt(will) ? [{ feature, used: amount, limit: will }] : [];
    });
}

const limitOf = (entitlement: Entitlement | undefined): number | null =>
  entitlement === undefined ? 0 : 'limit' in entitlement ? entitlement.limit : null;
