import type { PlanVersion } from '../../catalog.js';
import type { Instant } from '../../instant.js';
import { addLocalDays, sameInterval } from '../../period.js';
import { type FieldProblem, Refusal, refuseAll } from '../../refusal.js';
import type { Alignment, EndedFact, Overrides, Quantities, StartedFact, SubscriptionHistory } from '../facts.js';
import { type Holding, holdings, versionKey } from '../history.js';
import { startOf, statusAt } from '../lifecycle.js';
import { refuseHeldTwice } from './meter-clash.js';
import { overrideProblems, quantityProblems, refuseOtherCurrency } from './plan-fit.js';

export interface StartCommand {
  readonly startsAt: Instant;
  readonly alignment?: Alignment;
  readonly anchorAt?: Instant;
  readonly quantities?: Quantities;
  /** Overrides the plan's. */
  readonly trialDays?: number;
  readonly endsAt?: Instant;
  readonly coupon?: string;
  readonly overrides?: Overrides;
  /** See `StartedFact.paidThroughAt`. */
  readonly paidThroughAt?: Instant;
}

export interface StartContext {
  readonly plan: PlanVersion;
  readonly account: { readonly currency: string; readonly timeZone: string };
  /** What the account holds already, over all its subscriptions. */
  readonly held: readonly Holding[];
  /** The subscription that this one is to be an add-on to, with the versions that it holds. */
  readonly parent?: { readonly history: SubscriptionHistory; readonly versions: ReadonlyMap<string, PlanVersion> };
  readonly now: Instant;
}

/**
 * The facts that start a subscription, and end it where that is known from the start.
 * @throws Refusal `currency_mismatch`, `meter_already_priced`, `add_on_refused`, or `invalid_request` with every field at fault.
 */
export function decideStart(command: StartCommand, context: StartContext): [StartedFact, ...EndedFact[]] {
  const { plan, account, held, parent, now } = context;
  const { startsAt, endsAt, quantities = {}, overrides = {} } = command;
  refuseOtherCurrency(plan, account.currency, 'account');
  const terms = parent ? addOnTerms(command, context, parent) : ownTerms(command, context);
  refuseAll([...terms.problems, ...spanProblems(command), ...quantityProblems(plan, quantities), ...overrideProblems(plan, overrides)]);
  const started: StartedFact = {
    kind: 'started',
    seq: 1,
    effectiveAt: startsAt,
    recordedAt: now,
    plan: plan.plan,
    planVersion: plan.version,
    quantities,
    overrides: command.overrides ?? null,
    ...terms.fact,
    coupon: command.coupon ?? null,
    addOnTo: parent?.history.id ?? null,
    paidThroughAt: command.paidThroughAt ?? null,
  };
  const facts: [StartedFact, ...EndedFact[]] = [started];
  if (endsAt !== undefined)
    facts.push({ kind: 'ended', seq: 2, effectiveAt: endsAt, recordedAt: now, proration: 'prorate', invoiceUsage: true });
  const history = { id: '', createdAt: now, facts, ...(parent && { parent: parent.history }) };
  const versions = new Map([...(parent?.versions ?? []), [versionKey(plan.plan, plan.version), plan]]);
  refuseHeldTwice(holdings(history, versions), startsAt, held);
  return facts;
}

interface Terms {
  readonly fact: Pick<StartedFact, 'timeZone' | 'alignment' | 'anchorAt' | 'trialEndsAt'>;
  readonly problems: readonly FieldProblem[];
}

function ownTerms({ startsAt, alignment = 'anniversary', anchorAt, trialDays }: StartCommand, { plan, account }: StartContext): Terms {
  const { timeZone } = account;
  const days = trialDays ?? plan.trialDays;
  const trialEndsAt = days === 0 ? null : addLocalDays({ at: startsAt, days, timeZone });
  const problem = {
    pointer: '/anchorAt',
    code: 'anchor_with_calendar',
    detail: 'Leave anchorAt out, or choose the alignment "anniversary": calendar periods have their anchor.',
  };
  const clash = anchorAt !== undefined && alignment === 'calendar';
  return { fact: { timeZone, alignment, anchorAt: anchorAt ?? null, trialEndsAt }, problems: clash ? [problem] : [] };
}

/** An add-on shares its parent's periods, trial and pauses, and ends with it. @throws Refusal `add_on_refused` */
function addOnTerms(command: StartCommand, { plan }: StartContext, { history, versions }: NonNullable<StartContext['parent']>): Terms {
  const { timeZone, alignment, anchorAt, addOnTo, effectiveAt } = startOf(history);
  const refuse = (detail: string): never => {
    throw new Refusal('conflict', 'add_on_refused', detail);
  };
  if (addOnTo !== null) refuse('The subscription is an add-on itself: add to the one that it was added to.');
  if (statusAt(history, command.startsAt) === 'canceled') refuse('The subscription has ended by then: an add-on ends with it.');
  if (command.startsAt < effectiveAt) refuse('An add-on starts with its subscription at the earliest: choose a later startsAt.');
  const held = holdings(history, versions).filter(({ to }) => to === null || to > command.startsAt);
  if (held.some((holding) => !sameInterval(holding.plan.interval, plan.interval)))
    refuse('An add-on has the periods that its subscription has and will have: choose a plan with the same interval.');
  const given = (['alignment', 'anchorAt', 'trialDays'] as const).filter((name) => command[name] !== undefined);
  const problems = given.map((name) => ({
    pointer: `/${name}`,
    code: 'set_by_subscription',
    detail: `Leave ${name} out: an add-on shares its subscription's periods and trial.`,
  }));
  return { fact: { timeZone, alignment, anchorAt, trialEndsAt: null }, problems };
}

function spanProblems({ startsAt, endsAt, paidThroughAt }: StartCommand): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (endsAt !== undefined && endsAt <= startsAt)
    problems.push({ pointer: '/endsAt', code: 'ends_before_start', detail: 'endsAt must lie after startsAt.' });
  if (paidThroughAt !== undefined && paidThroughAt < startsAt)
    problems.push({
      pointer: '/paidThrough',
      code: 'paid_through_before_start',
      detail: 'What was paid for must not end before the start.',
    });
  return problems;
}
