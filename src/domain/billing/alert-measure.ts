import { fromMinor } from '../currency.js';
import { type Exact, sum, ZERO } from '../decimal.js';
import { earliest, type Instant, type Stretch } from '../instant.js';
import type { UsageAnswer, UsageQuestion } from '../metering/question.js';
import { calendarAnchor, periodContaining } from '../period.js';
import { versionKey } from '../subscription/history.js';
import type { AccountFacts } from './bill.js';
import type { BilledLine } from './line.js';
import { concludeRunning, heldAt, prepareRunning, type PreparedRunning, type RunningItem } from './running.js';

/** What an alert looks at. */
export interface AlertRule {
  readonly meter: string;
  /** How much of the meter was used, or what that costs: before discount and tax, and without a minimum. */
  readonly on: 'quantity' | 'cost';
  /** Only accounts that hold this plan, and what they use under it; null for any. */
  readonly plan: string | null;
}

/** The running period of an account as an alert sees it, up to the point where usage must be known. */
export interface AlertMeasure {
  readonly period: Stretch;
  readonly questions: readonly UsageQuestion[];
  /** The quantity, or the cost in major units, from the answers to the questions. */
  readonly value: (answers: readonly UsageAnswer[]) => Exact;
}

/**
 * What an alert measures for an account in the period that `at` lies in, with usage up to `through`: the period of the subscription that
 * prices the meter, the oldest where several do; a calendar month (UTC) where none does. `undefined` where the alert does not concern the account
 * then: it does not hold the plan, or usage costs nothing because nothing prices it.
 */
export function measureAlert(
  { meter, on, plan }: AlertRule,
  facts: AccountFacts,
  when: { readonly at: Instant; readonly through: Instant },
): AlertMeasure | undefined {
  const prepared = prepareRunning(facts, { ...when, meter });
  const pricing = prepared.items.filter((item) => plan === null || item.plan === plan);
  const [first] = pricing;
  if (on === 'cost') return first && costOf(prepared, pricing, facts);
  if (!first && plan !== null && !heldAt(facts, when.at).some((holding) => holding.plan.plan === plan)) return undefined;
  const period = first?.meteredPeriod ?? calendarMonth(when.at);
  return {
    period,
    questions: [{ meter, from: period.start, to: earliest(when.through, period.end) }],
    value: ([answer = []]) => answer[0]?.quantity ?? ZERO,
  };
}

/** The running total of the subscription's prices of the meter, and what earlier pieces of the same period were billed. */
function costOf(prepared: PreparedRunning, pricing: readonly RunningItem[], facts: AccountFacts): AlertMeasure | undefined {
  const [first] = pricing;
  if (!first) return undefined;
  const { subscription, meteredPeriod: period } = first;
  const items = pricing.filter((item) => item.subscription === subscription).map((item) => ({ ...item, isOver: false })); // a minimum is not usage
  const questions = items.map(({ question }) => question);
  const billed = facts.billed.filter(
    (line) =>
      line.subscription === subscription &&
      line.servicePeriod.start >= period.start &&
      line.servicePeriod.end <= first.stretch.start &&
      meterOf(line, facts) === first.price.meter,
  );
  const earlier = sum(billed.map((line) => fromMinor(line.amountMinor, facts.currency)));
  return {
    period,
    questions,
    value: (answers) =>
      earlier.add(fromMinor(concludeRunning({ ...prepared, items, questions, commitments: [] }, answers).totalMinor, facts.currency)),
  };
}

function meterOf({ plan, planVersion, price }: BilledLine, { versions }: AccountFacts): string | undefined {
  const sold = versions.get(versionKey(plan ?? '', planVersion ?? 0))?.prices.find((candidate) => candidate.key === price);
  return sold?.kind === 'metered' ? sold.meter : undefined;
}

function calendarMonth(at: Instant): Stretch {
  const month = { timeZone: 'UTC', interval: { unit: 'month', count: 1 } } as const;
  return periodContaining({ ...month, anchorAt: calendarAnchor({ ...month, at }) }, at);
}
