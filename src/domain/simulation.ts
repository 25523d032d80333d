import { type AccountFacts, conclude, nextDueOf, prepare } from './billing/bill.js';
import { balanceAppliedOf, type Draft } from './billing/draft.js';
import { afterBurnDown, type CreditGrant, GRANT_PRIORITY, type GrantKind } from './billing/grants.js';
import type { BilledLine, LineTax } from './billing/line.js';
import { positionsTaken } from './billing/slot.js';
import type { Coupon, Meter, PlanVersion } from './catalog.js';
import { parseMoney } from './currency.js';
import type { Instant } from './instant.js';
import { answer } from './metering/aggregate.js';
import type { MeterEvent } from './metering/meter-event.js';
import type { UsageAnswer, UsageQuestion } from './metering/question.js';
import { Refusal } from './refusal.js';
import type { ChangeContext } from './subscription/commands/context.js';
import { type Action, decide, type NamedAction } from './subscription/commands/decide.js';
import { decideStart, type StartCommand } from './subscription/commands/start.js';
import type { SubscriptionHistory } from './subscription/facts.js';
import { type Holding, holdingAt, holdings, versionKey } from './subscription/history.js';
import { statusAt } from './subscription/lifecycle.js';

export type Step = { readonly at: Instant } & (
  | {
      readonly do: 'subscribe';
      readonly as: string;
      readonly plan: string;
      readonly planVersion?: number;
      readonly addOnTo?: string;
      readonly command: Omit<StartCommand, 'startsAt'> & { readonly startsAt?: Instant };
    }
  | { readonly do: 'change'; readonly subscription: string; readonly action: NamedAction }
  | { readonly do: 'plan-version'; readonly plan: PlanVersion; readonly migrate: 'no' | 'now' | 'period_end' }
  | { readonly do: 'usage'; readonly events: readonly MeterEvent[] }
  | ({ readonly do: 'credit-grant' } & GrantedCredit)
);

/** A grant that is given to the account; `amount` in major units. */
export interface GrantedCredit {
  readonly amount: string;
  readonly kind: GrantKind;
  readonly priority?: number;
  readonly expiresAt: Instant | null;
}

/** A billing story: an account, a catalog, and what happens. */
export interface Story {
  readonly account: { readonly currency: string; readonly timeZone: string; readonly taxes: readonly LineTax[] };
  readonly meters: readonly Meter[];
  readonly plans: readonly PlanVersion[];
  readonly coupons: readonly Coupon[];
  /** Those that plans and prices name. */
  readonly taxRates?: readonly LineTax[];
  readonly steps: readonly Step[];
  /** Bill runs happen up to here, included. */
  readonly until: Instant;
}

export interface SimulatedInvoice extends Draft {
  readonly at: Instant;
  /** The lines again, with the ids by which later lines name them. */
  readonly lines: readonly BilledLine[];
}

type GrantStep = Extract<Step, { do: 'credit-grant' }>;

/** A plan version with the instant from which it is sold; the first one always was. */
interface Sold {
  readonly version: PlanVersion;
  readonly effectiveAt: Instant | null;
}

interface State {
  readonly sold: readonly Sold[];
  readonly histories: readonly SubscriptionHistory[];
  readonly events: readonly MeterEvent[];
  readonly invoices: readonly SimulatedInvoice[];
  readonly balanceMinor: bigint;
  readonly grants: readonly CreditGrant[];
}

/**
 * Bills a story with the code of a bill run: at every instant at which something falls due, and after every change.
 * Invoices are finalized at once and nothing is paid. At one instant usage counts first, then changes, then the bill run.
 * @throws Refusal where a step would be refused, naming the step by its index.
 */
export function simulate(story: Story): SimulatedInvoice[] {
  let state: State = {
    sold: story.plans.map((version) => ({ version, effectiveAt: null })),
    histories: [],
    events: [],
    invoices: [],
    balanceMinor: 0n,
    grants: [],
  };
  let billedTo: Instant | undefined;
  const runDue = (reached: (at: Instant) => boolean): void => {
    for (;;) {
      const at = billedTo === undefined ? undefined : nextDueOf(factsOf(state, story), billedTo);
      if (at === undefined || !reached(at)) return;
      state = billed(state, story, at);
      billedTo = at;
    }
  };
  for (const { at, steps } of byInstant(story.steps)) {
    runDue((due) => due < at);
    for (const step of steps) state = apply(state, step, story);
    const changed = steps.some((step) => step.step.do !== 'usage');
    if (changed || (billedTo !== undefined && nextDueOf(factsOf(state, story), billedTo) === at)) {
      state = billed(state, story, at);
      billedTo = at;
    }
  }
  runDue((due) => due <= story.until);
  return state.invoices.filter((invoice) => invoice.at <= story.until);
}

interface Numbered {
  readonly index: number;
  readonly step: Step;
}

/** Steps in order of time; at one instant usage first, else as written. */
function byInstant(steps: readonly Step[]): { at: Instant; steps: Numbered[] }[] {
  const groups: { at: Instant; steps: Numbered[] }[] = [];
  const ordered = steps
    .map((step, index): Numbered => ({ index, step }))
    .sort((a, b) => (a.step.at < b.step.at ? -1 : a.step.at > b.step.at ? 1 : rank(a.step) - rank(b.step) || a.index - b.index));
  for (const numbered of ordered) {
    const last = groups.at(-1);
    if (last?.at === numbered.step.at) last.steps.push(numbered);
    else groups.push({ at: numbered.step.at, steps: [numbered] });
  }
  return groups;
}

const rank = (step: Step): number => (step.do === 'usage' ? 0 : 1);

function apply(state: State, { index, step }: Numbered, story: Story): State {
  try {
    if (step.do === 'usage') return { ...state, events: withoutRepeats([...state.events, ...step.events]) };
    if (step.do === 'subscribe') return subscribed(state, step, story);
    if (step.do === 'plan-version') return withVersion(state, step);
    if (step.do === 'credit-grant') return withGrant(state, step, story);
    return changed(state, step.subscription, step.action, step.at);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.kind, error.code, error.detail, [
      { pointer: `/steps/${String(index)}`, code: error.code, detail: error.detail },
    ]);
  }
}

/** An event is identified by its source and id; the first one stands. */
function withoutRepeats(events: readonly MeterEvent[]): MeterEvent[] {
  const first = new Map<string, MeterEvent>();
  for (const event of events) {
    const identity = JSON.stringify([event.source, event.id]);
    if (!first.has(identity)) first.set(identity, event);
  }
  return [...first.values()];
}

function subscribed(state: State, step: Extract<Step, { do: 'subscribe' }>, story: Story): State {
  const { histories } = state;
  if (histories.some((history) => history.id === step.as))
    throw new Refusal('invalid', 'name_taken', `Two subscriptions are called "${step.as}": give each its own name.`);
  const startsAt = step.command.startsAt ?? step.at;
  const versions = versionsOf(state);
  const parent = step.addOnTo === undefined ? undefined : historyNamed(state, step.addOnTo);
  const facts = decideStart(
    { ...step.command, startsAt },
    {
      plan: planNamed(state, step, startsAt),
      account: story.account,
      held: heldBesides(state),
      ...(parent && { parent: { history: parent, versions } }),
      now: step.at,
    },
  );
  return { ...state, histories: [...histories, { id: step.as, createdAt: BigInt(histories.length), facts, ...(parent && { parent }) }] };
}

/** Grants are called `grant_1`, `grant_2` ... in the order in which they are given. */
function withGrant(state: State, { at, amount, kind, priority = GRANT_PRIORITY.standard, expiresAt }: GrantStep, story: Story): State {
  if (expiresAt !== null && expiresAt <= at)
    throw new Refusal('invalid', 'expires_in_the_past', 'The grant would never pay: let it expire after it is given.');
  const remainingMinor = parseMoney(amount, story.account.currency);
  const id = `grant_${String(state.grants.length + 1)}`;
  return { ...state, grants: [...state.grants, { id, kind, priority, expiresAt, createdAt: at, remainingMinor }] };
}

/** The next version of a plan, and its holders moved to it where that is wanted. */
function withVersion(state: State, { at, plan, migrate }: Extract<Step, { do: 'plan-version' }>): State {
  const before = state.sold.filter(({ version }) => version.plan === plan.plan);
  const newest: PlanVersion = { ...plan, version: before.length + 1 };
  const next = { ...state, sold: [...state.sold, { version: newest, effectiveAt: before.length === 0 ? null : at }] };
  if (migrate === 'no') return next;
  const holders = state.histories.filter(
    (history) => statusAt(history, at) !== 'canceled' && holdingAt(holdings(history, versionsOf(state)), at)?.plan.plan === plan.plan,
  );
  return holders.reduce<State>(
    (moved, { id }) => acted(moved, id, { action: 'change-plan', plan: newest, when: migrate, migration: true }, at),
    next,
  );
}

function changed(state: State, subscription: string, named: NamedAction, at: Instant): State {
  const action: Action = named.action === 'change-plan' ? { ...named, plan: planNamed(state, named, at) } : named;
  return acted(state, subscription, action, at);
}

function acted(state: State, subscription: string, action: Action, at: Instant): State {
  const history = historyNamed(state, subscription);
  const addOns = state.histories.filter((other) => other.parent?.id === history.id && statusAt(other, at) !== 'canceled');
  const context: ChangeContext = {
    history,
    versions: versionsOf(state),
    now: at,
    mayBackdate: true,
    heldElsewhere: heldBesides(state, history.id),
    addOns,
  };
  const after = { ...history, facts: [...history.facts, ...decide(action, context)] };
  const histories = state.histories.map((other) =>
    other.id === after.id ? after : other.parent?.id === after.id ? { ...other, parent: after } : other,
  );
  return { ...state, histories };
}

function historyNamed({ histories }: State, name: string): SubscriptionHistory {
  const history = histories.find((candidate) => candidate.id === name);
  if (!history) throw new Refusal('not_found', 'subscription_not_found', `No subscription is called "${name}" at this point.`);
  return history;
}

const heldBesides = (state: State, besides?: string): Holding[] =>
  state.histories.filter((history) => history.id !== besides).flatMap((history) => holdings(history, versionsOf(state)));

/** The version asked for, or the one that is sold at the instant. */
function planNamed(
  { sold }: State,
  { plan, planVersion }: { readonly plan: string; readonly planVersion?: number },
  at: Instant,
): PlanVersion {
  const found = sold.findLast(
    ({ version, effectiveAt }) =>
      version.plan === plan && (planVersion === undefined ? effectiveAt === null || effectiveAt <= at : version.version === planVersion),
  );
  if (!found)
    throw new Refusal(
      'not_found',
      'plan_not_found',
      `The file has no plan "${plan}"${planVersion === undefined ? '' : ` in version ${String(planVersion)}`} at this point.`,
    );
  return found.version;
}

const versionsOf = ({ sold }: State): Map<string, PlanVersion> =>
  new Map(sold.map(({ version }) => [versionKey(version.plan, version.version), version]));

function factsOf(state: State, story: Story): AccountFacts {
  const lines = state.invoices.flatMap((invoice) => invoice.lines);
  return {
    currency: story.account.currency,
    subscriptions: state.histories,
    versions: versionsOf(state),
    coupons: new Map(story.coupons.map((coupon) => [coupon.key, coupon])),
    taxes: story.account.taxes,
    taxRates: new Map((story.taxRates ?? []).map((rate) => [rate.key, rate])),
    billed: lines,
    slotSeqs: positionsTaken(lines),
    balanceMinor: state.balanceMinor,
    grants: state.grants,
  };
}

function billed(state: State, story: Story, at: Instant): State {
  const prepared = prepare(factsOf(state, story), at);
  const invoice = conclude(
    prepared,
    prepared.questions.map((question) => answered(question, story, state)),
  );
  if (!invoice) return state;
  const number = state.invoices.length + 1;
  const lines = invoice.lines.map((line, i): BilledLine => ({
    ...line,
    id: `line_${String(number)}_${String(i + 1)}`,
    creditNotedMinor: 0n,
  }));
  return {
    ...state,
    invoices: [...state.invoices, { ...invoice, lines, at }],
    balanceMinor: state.balanceMinor + invoice.creditedMinor - balanceAppliedOf(invoice),
    grants: afterBurnDown(state.grants, invoice.grantsApplied),
  };
}

function answered(question: UsageQuestion, story: Story, state: State): UsageAnswer {
  const meter = story.meters.find((candidate) => candidate.key === question.meter);
  if (!meter) throw new Refusal('invalid', 'unknown_meter', `The file has no meter "${question.meter}".`);
  return answer(meter, question, state.events);
}
