import type { PlanVersion } from '../catalog.js';
import { type Exact, ZERO } from '../decimal.js';
import { earliest, type Instant, latest } from '../instant.js';
import { periodContaining } from '../period.js';
import { share } from '../proration.js';
import type { SubscriptionHistory } from '../subscription/facts.js';
import { holdings } from '../subscription/history.js';
import { startOf } from '../subscription/lifecycle.js';
import { type ExpectedRecurring } from './due.js';
import { recurring, type RecurringRun, recurringRuns } from './expected-recurring.js';
import { lineAmount } from './line-amount.js';
import type { BilledLine } from './line.js';
import { BOUNDS_MOVE } from './settled.js';
import { ofDue } from './slot.js';

const BEFORE_ALL: Instant = -(1n << 62n);

/**
 * What another system was paid for a subscription that moved in, as lines that were billed, one for each recurring price: it is not
 * charged again, and what is not used of it is credited like any other. At the prices of the plan that it came in with, rounded once.
 */
export function openingLines(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): BilledLine[] {
  const started = startOf(history);
  const { paidThroughAt } = started;
  if (paidThroughAt === null) return [];
  return recurringRuns(holdings({ ...history, facts: [started] }, versions)).flatMap((run) => openingLine(run, paidThroughAt));
}

/** Until when such lines matter to what is charged: the end of the last period that was paid in part. Before all time where there are none. */
export function openingsEnd(history: SubscriptionHistory, versions: ReadonlyMap<string, PlanVersion>): Instant {
  const started = startOf(history);
  const { paidThroughAt } = started;
  if (paidThroughAt === null) return BEFORE_ALL;
  const ends = holdings({ ...history, facts: [started] }, versions).map(({ schedule }) => periodContaining(schedule, paidThroughAt).end);
  return ends.reduce(latest, paidThroughAt) + BOUNDS_MOVE;
}

function openingLine(run: RecurringRun, paidThroughAt: Instant): BilledLine[] {
  const [first] = recurring(run, new Map());
  if (!first || first.stretch.start >= paidThroughAt) return [];
  const servicePeriod = { start: first.stretch.start, end: paidThroughAt };
  return [
    {
      ...ofDue(first),
      id: `opening_${first.subscription}_${first.price.key}`,
      slot: first.slot,
      slotSeq: 0,
      dueAt: servicePeriod.start,
      kind: 'recurring',
      price: first.price.key,
      description: first.price.name ?? first.price.key,
      quantity: first.quantity,
      unitPrice: null,
      amountMinor: lineAmount(paidFor(run, paidThroughAt), run.held.plan.currency),
      servicePeriod,
      period: first.period,
      periodOrdinal: first.periodOrdinal,
      proration: false,
      adjusts: null,
      groups: null,
      breakdown: [],
      discounts: [],
      taxes: [],
      creditNotedMinor: 0n,
    },
  ];
}

/** The price of the periods up to there, in major units; the last one by its share. */
function paidFor(run: RecurringRun, paidThroughAt: Instant): Exact {
  let paid = ZERO;
  for (const item of recurring(run, new Map())) {
    if (item.stretch.start >= paidThroughAt) break;
    paid = paid.add(paidOf(item, paidThroughAt));
  }
  return paid;
}

const paidOf = ({ stretch, period, rule, fullAmount }: ExpectedRecurring, paidThroughAt: Instant): Exact =>
  fullAmount.mul(share({ start: stretch.start, end: earliest(stretch.end, paidThroughAt) }, period, rule));
