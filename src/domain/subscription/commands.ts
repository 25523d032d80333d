import type { MeteredPrice, PlanVersion } from '../catalog.js';
import type { Alignment, EndedFact, PlanChangedFact, Proration, Quantities, StartedFact, SubscriptionHistory } from './facts.js';
import { disjoint } from '../metering/filter.js';
import { currentPeriod, endOf, type Holding, holdingAt, holdings, startOf, statusAt } from './history.js';
import { formatInstant, type Instant, latest } from '../instant.js';
import { addLocalDays } from '../period.js';
import { type FieldProblem, Refusal, refuseAll } from '../refusal.js';

/** When a change takes effect. */
export type When = 'now' | 'period_end' | Instant;

export const QUANTITY_MAX = 1_000_000_000n;

export interface StartCommand {
  readonly startsAt: Instant;
  readonly alignment?: Alignment;
  readonly anchorAt?: Instant;
  readonly quantities?: Quantities;
  /** Overrides the plan's. */
  readonly trialDays?: number;
  readonly endsAt?: Instant;
  readonly coupon?: string;
}

export interface StartContext {
  readonly plan: PlanVersion;
  readonly account: { readonly currency: string; readonly timeZone: string };
  /** What the account holds already, over all its subscriptions. */
  readonly held: readonly Holding[];
  readonly now: Instant;
}

/**
 * The fact that starts a subscription.
 * @throws Refusal `currency_mismatch`, `meter_already_priced`, or `invalid_request` with every field at fault.
 */
export function decideStart(command: StartCommand, { plan, account, held, now }: StartContext): StartedFact {
  if (plan.currency !== account.currency)
    throw new Refusal(
      'conflict',
      'currency_mismatch',
      `The plan is priced in ${plan.currency} and the account is billed in ${account.currency}: choose a plan in ${account.currency}.`,
    );
  const alignment = command.alignment ?? 'anniversary';
  const problems: FieldProblem[] = quantityProblems(plan, command.quantities ?? {});
  if (command.anchorAt !== undefined && alignment === 'calendar')
    problems.push({
      pointer: '/anchorAt',
      code: 'anchor_with_calendar',
      detail: 'Leave anchorAt out, or choose the alignment "anniversary": calendar periods have their anchor.',
    });
  if (command.endsAt !== undefined && command.endsAt <= command.startsAt)
    problems.push({ pointer: '/endsAt', code: 'ends_before_start', detail: 'endsAt must lie after startsAt.' });
  refuseAll(problems);
  refuseMeterClash(plan, { from: command.startsAt, to: command.endsAt ?? null }, held);
  const trialDays = command.trialDays ?? plan.trialDays;
  return {
    kind: 'started',
    seq: 1,
    effectiveAt: command.startsAt,
    recordedAt: now,
    plan: plan.plan,
    planVersion: plan.version,
    quantities: command.quantities ?? {},
    timeZone: account.timeZone,
    alignment,
    anchorAt: command.anchorAt ?? null,
    trialEndsAt: trialDays === 0 ? null : addLocalDays({ at: command.startsAt, days: trialDays, timeZone: account.timeZone }),
    endsAt: command.endsAt ?? null,
    coupon: command.coupon ?? null,
  };
}

export interface ChangeContext {
  readonly history: SubscriptionHistory;
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly now: Instant;
  /** Whether a change may take effect before the current period's start (scope `subscriptions:backdate`). */
  readonly mayBackdate: boolean;
}

export interface CancelCommand {
  readonly when?: When;
  readonly proration?: Proration;
  readonly invoiceUsage?: boolean;
}

/**
 * The fact that ends a subscription. By default at the period's end, without credit, with its usage billed.
 * @throws Refusal `subscription_canceled`, `cancellation_already_scheduled`, `backdated_too_far`
 */
export function decideCancel(command: CancelCommand, context: ChangeContext): EndedFact {
  const { history, now } = context;
  refuseCanceled(context);
  const effectiveAt = effectiveInstant(command.when ?? 'period_end', context);
  const end = endOf(history);
  if (end !== undefined && end.effectiveAt <= effectiveAt)
    throw new Refusal(
      'conflict',
      'cancellation_already_scheduled',
      `The subscription ends at ${formatInstant(end.effectiveAt)} already: cancel at an earlier instant, or leave it so.`,
    );
  return {
    kind: 'ended',
    seq: nextSeq(history),
    effectiveAt,
    recordedAt: now,
    proration: command.proration ?? 'none',
    invoiceUsage: command.invoiceUsage ?? true,
  };
}

export interface ChangePlanCommand {
  readonly plan: PlanVersion;
  readonly when?: When;
  readonly proration?: Proration;
  readonly anchor?: 'keep' | 'reset';
  /** Carried over by price key where absent. */
  readonly quantities?: Quantities;
}

/**
 * The fact that moves a subscription to another plan version. By default now, prorated, with the anchor kept; another interval resets the anchor.
 * @throws Refusal `subscription_canceled`, `currency_mismatch`, `anchor_must_reset`, `meter_already_priced`, `backdated_too_far`, `change_after_end`, `invalid_request`
 */
export function decideChangePlan(
  command: ChangePlanCommand,
  context: ChangeContext & { readonly heldElsewhere: readonly Holding[] },
): PlanChangedFact {
  const { history, versions, now } = context;
  refuseCanceled(context);
  const effectiveAt = effectiveInstant(command.when ?? 'now', context);
  const end = endOf(history);
  if (end !== undefined && end.effectiveAt <= effectiveAt)
    throw new Refusal(
      'conflict',
      'change_after_end',
      `The subscription ends at ${formatInstant(end.effectiveAt)}: choose an earlier instant.`,
    );
  const before = holdingAt(holdings(history, versions), effectiveAt);
  if (!before) throw new RangeError(`subscription ${history.id} holds nothing`);
  if (command.plan.currency !== before.plan.currency)
    throw new Refusal(
      'conflict',
      'currency_mismatch',
      `The plan is priced in ${command.plan.currency} and the subscription in ${before.plan.currency}: choose a plan in ${before.plan.currency}.`,
    );
  const { unit, count } = before.plan.interval;
  const otherInterval = command.plan.interval.unit !== unit || command.plan.interval.count !== count;
  if (otherInterval && command.anchor === 'keep')
    throw new Refusal(
      'unprocessable',
      'anchor_must_reset',
      'A plan with another interval resets the billing anchor: send "anchor": "reset", or leave it out.',
    );
  refuseAll(quantityProblems(command.plan, command.quantities ?? {}));
  refuseMeterClash(command.plan, { from: effectiveAt, to: end?.effectiveAt ?? null }, context.heldElsewhere);
  const priced = new Set(command.plan.prices.map((price) => price.key));
  return {
    kind: 'plan_changed',
    seq: nextSeq(history),
    effectiveAt,
    recordedAt: now,
    plan: command.plan.plan,
    planVersion: command.plan.version,
    quantities: command.quantities ?? Object.fromEntries(Object.entries(before.quantities).filter(([key]) => priced.has(key))),
    proration: command.proration ?? 'prorate',
    anchor: command.anchor ?? (otherInterval ? 'reset' : 'keep'),
  };
}

const nextSeq = (history: SubscriptionHistory): number => Math.max(...history.facts.map((fact) => fact.seq)) + 1;

function refuseCanceled({ history, now }: ChangeContext): void {
  if (statusAt(history, now) === 'canceled')
    throw new Refusal('conflict', 'subscription_canceled', 'The subscription has ended, which is final: create a new one.');
}

/** Resolves "now", "period_end" and a given instant; a subscription that has not begun changes at its start at the earliest. */
export function effectiveInstant(when: When, { history, versions, now, mayBackdate }: ChangeContext): Instant {
  const started = startOf(history);
  const at = latest(now, started.effectiveAt);
  if (when === 'now') return at;
  const holding = holdingAt(holdings(history, versions), at);
  if (!holding) return at;
  const period = currentPeriod(holding, at);
  if (when === 'period_end') return now < started.effectiveAt ? started.effectiveAt : period.end;
  const floor = mayBackdate ? started.effectiveAt : period.start;
  if (when < floor)
    throw new Refusal(
      'unprocessable',
      'backdated_too_far',
      `A change can take effect from ${formatInstant(floor)} on${mayBackdate ? '' : '; the scope subscriptions:backdate allows earlier ones'}.`,
    );
  return when;
}

/** Quantities name recurring or one-time prices of the plan and are whole numbers from 0. */
function quantityProblems(plan: PlanVersion, quantities: Quantities): FieldProblem[] {
  const counted = new Set(plan.prices.filter((price) => price.kind === 'recurring').map((price) => price.key));
  return Object.entries(quantities).flatMap(([key, quantity]) => {
    const pointer = `/quantities/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!counted.has(key)) return [{ pointer, code: 'unknown_price', detail: `The plan has no recurring price "${key}".` }];
    if (!/^(0|[1-9]\d{0,9})$/.test(quantity) || BigInt(quantity) > QUANTITY_MAX)
      return [{ pointer, code: 'invalid_quantity', detail: `A quantity is a whole number from 0 to ${String(QUANTITY_MAX)}.` }];
    return [];
  });
}

/** At any instant one live subscription of an account may price a meter, or disjoint filters of it. */
function refuseMeterClash(
  plan: PlanVersion,
  span: { readonly from: Instant; readonly to: Instant | null },
  held: readonly Holding[],
): void {
  const metered = (of: PlanVersion): MeteredPrice[] => of.prices.filter((price) => price.kind === 'metered');
  for (const holding of held) {
    const overlaps = (span.to === null || holding.from < span.to) && (holding.to === null || span.from < holding.to);
    if (!overlaps) continue;
    for (const price of metered(plan)) {
      const clash = metered(holding.plan).find((other) => other.meter === price.meter && !disjoint(other.filter, price.filter));
      if (clash)
        throw new Refusal(
          'conflict',
          'meter_already_priced',
          `Subscription ${holding.subscription} charges the meter "${price.meter}" already (price "${clash.key}"): end it first, or give the prices filters that exclude each other.`,
        );
    }
  }
}
