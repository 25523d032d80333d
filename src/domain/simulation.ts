import { type AccountFacts, conclude, nextDueOf, prepare } from './billing/bill.js';
import type { Draft } from './billing/draft.js';
import type { BilledLine, LineTax } from './billing/line.js';
import type { Coupon, Meter, PlanVersion } from './catalog.js';
import type { Instant } from './instant.js';
import { answer, type MeterEvent } from './metering/aggregate.js';
import type { UsageAnswer, UsageQuestion } from './metering/question.js';
import { Refusal } from './refusal.js';
import {
  type CancelCommand,
  type ChangePlanCommand,
  decideCancel,
  decideChangePlan,
  decideStart,
  type StartCommand,
} from './subscription/commands.js';
import type { Fact, SubscriptionHistory } from './subscription/facts.js';
import { type Holding, holdings, versionKey } from './subscription/history.js';

export type Step = { readonly at: Instant } & (
  | {
      readonly do: 'subscribe';
      readonly as: string;
      readonly plan: string;
      readonly planVersion?: number;
      readonly command: Omit<StartCommand, 'startsAt'> & { readonly startsAt?: Instant };
    }
  | {
      readonly do: 'change-plan';
      readonly subscription: string;
      readonly plan: string;
      readonly planVersion?: number;
      readonly command: Omit<ChangePlanCommand, 'plan'>;
    }
  | { readonly do: 'cancel'; readonly subscription: string; readonly command: CancelCommand }
  | { readonly do: 'usage'; readonly events: readonly MeterEvent[] }
);

/** A billing story: an account, a catalog, and what happens. */
export interface Story {
  readonly account: { readonly currency: string; readonly timeZone: string; readonly taxes: readonly LineTax[] };
  readonly meters: readonly Meter[];
  readonly plans: readonly PlanVersion[];
  readonly coupons: readonly Coupon[];
  readonly steps: readonly Step[];
  /** Bill runs happen up to here, included. */
  readonly until: Instant;
}

export interface SimulatedInvoice extends Draft {
  readonly at: Instant;
  /** The lines again, with the ids by which later lines name them. */
  readonly lines: readonly BilledLine[];
}

interface State {
  readonly histories: readonly SubscriptionHistory[];
  readonly events: readonly MeterEvent[];
  readonly invoices: readonly SimulatedInvoice[];
  readonly balanceMinor: bigint;
}

/**
 * Bills a story with the code of a bill run: at every instant at which something falls due, and after every change.
 * Invoices are finalized at once and nothing is paid. At one instant usage counts first, then changes, then the bill run.
 * @throws Refusal where a step would be refused, naming the step by its index.
 */
export function simulate(story: Story): SimulatedInvoice[] {
  let state: State = { histories: [], events: [], invoices: [], balanceMinor: 0n };
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
    return { ...state, histories: changed(state.histories, step, story) };
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

function changed(histories: readonly SubscriptionHistory[], step: Exclude<Step, { do: 'usage' }>, story: Story): SubscriptionHistory[] {
  const versions = versionsOf(story);
  const held = (besides?: string): Holding[] =>
    histories.filter((history) => history.id !== besides).flatMap((history) => holdings(history, versions));
  if (step.do === 'subscribe') {
    if (histories.some((history) => history.id === step.as))
      throw new Refusal('invalid', 'name_taken', `Two subscriptions are called "${step.as}": give each its own name.`);
    const context = { plan: planNamed(story, step), account: story.account, held: held(), now: step.at };
    const fact = decideStart({ ...step.command, startsAt: step.command.startsAt ?? step.at }, context);
    return [...histories, { id: step.as, createdAt: BigInt(histories.length), facts: [fact] }];
  }
  const history = histories.find((candidate) => candidate.id === step.subscription);
  if (!history) throw new Refusal('not_found', 'subscription_not_found', `No subscription is called "${step.subscription}" at this point.`);
  const context = { history, versions, now: step.at, mayBackdate: true };
  const fact: Fact =
    step.do === 'cancel'
      ? decideCancel(step.command, context)
      : decideChangePlan({ ...step.command, plan: planNamed(story, step) }, { ...context, heldElsewhere: held(history.id) });
  return histories.map((candidate) => (candidate === history ? { ...history, facts: [...history.facts, fact] } : candidate));
}

function planNamed(story: Story, { plan, planVersion }: { readonly plan: string; readonly planVersion?: number }): PlanVersion {
  const found = story.plans.find(
    (candidate) => candidate.plan === plan && (planVersion === undefined || candidate.version === planVersion),
  );
  if (!found)
    throw new Refusal(
      'not_found',
      'plan_not_found',
      `The file has no plan "${plan}"${planVersion === undefined ? '' : ` in version ${String(planVersion)}`}.`,
    );
  return found;
}

const versionsOf = (story: Story): Map<string, PlanVersion> =>
  new Map(story.plans.map((plan) => [versionKey(plan.plan, plan.version), plan]));

function factsOf(state: State, story: Story): AccountFacts {
  const lines = state.invoices.flatMap((invoice) => invoice.lines);
  return {
    currency: story.account.currency,
    subscriptions: state.histories,
    versions: versionsOf(story),
    coupons: new Map(story.coupons.map((coupon) => [coupon.key, coupon])),
    taxes: story.account.taxes,
    billed: lines,
    slotSeqs: new Map(lines.map((line) => [line.slot, line.slotSeq])),
    balanceMinor: state.balanceMinor,
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
    balanceMinor: state.balanceMinor + invoice.creditedMinor - invoice.appliedMinor,
  };
}

function answered(question: UsageQuestion, story: Story, state: State): UsageAnswer {
  const meter = story.meters.find((candidate) => candidate.key === question.meter);
  if (!meter) throw new Refusal('invalid', 'unknown_meter', `The file has no meter "${question.meter}".`);
  return answer(meter, question, state.events);
}
