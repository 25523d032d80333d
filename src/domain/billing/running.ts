import { earliest, type Instant, type Stretch } from '../instant.js';
import type { UsageAnswer, UsageQuestion } from '../metering/question.js';
import type { Holding } from '../subscription/history.js';
import { toMinor } from '../currency.js';
import { exact } from '../decimal.js';
import type { MeteredPrice } from '../catalog.js';
import { type AccountFacts, eachSubscription } from './bill.js';
import type { FrozenPeriods } from './billing-periods.js';
import type { Due, ExpectedMetered, ExpectedMinimum } from './due.js';
import { metered, type MeteredRun, meteredRuns } from './expected-metered.js';
import { minimumRuns, minimums } from './expected-minimum.js';
import { minimumOf, ratedGroup } from './owed-metered.js';
import type { Unnumbered } from './slot.js';

/** A metered piece of which usage up to some instant is asked for. */
export interface RunningItem extends ExpectedMetered {
  /** Whether all of the piece is asked for; before that no minimum is charged. */
  readonly isOver: boolean;
}

export interface RunningWanted {
  /** Names the pieces: those that it lies in. */
  readonly at: Instant;
  /** Usage counts up to here, at most to the end of each piece; `at` where it is left out. Levels as they are known are held until then. */
  readonly through?: Instant;
  /** Only prices of this meter, and no commitments. */
  readonly meter?: string;
}

/** A running total up to the point where usage must be known. */
export interface PreparedRunning {
  readonly currency: string;
  readonly at: Instant;
  readonly items: readonly RunningItem[];
  readonly commitments: readonly ExpectedMinimum[];
  /** To be answered in this order: one for each item. */
  readonly questions: readonly UsageQuestion[];
}

type OfSubscription = 'subscription' | 'plan' | 'planVersion';

/** What has been used of a price so far in its period, and what that comes to. */
export interface RunningLine extends Omit<Unnumbered, 'price' | OfSubscription>, Pick<Due, OfSubscription> {
  readonly price: MeteredPrice;
  /** What is charged at least when the piece is over, in minor units; null where there is no minimum, and once it is in the amount. */
  readonly minimumMinor: bigint | null;
  readonly meteredPeriod: Stretch;
}

/** What a plan's metered lines must come to, and what is missing so far. */
export interface RunningCommitment {
  readonly item: ExpectedMinimum;
  readonly commitmentMinor: bigint;
  readonly missingMinor: bigint;
}

/** In minor units, before discount and tax. */
export interface RunningTotal {
  readonly lines: readonly RunningLine[];
  readonly commitments: readonly RunningCommitment[];
  readonly totalMinor: bigint;
}

/** First half of a running total: the metered pieces that `at` lies in, cut at `through`, and which usage must be known for them. */
export function prepareRunning(facts: AccountFacts, { at, through = at, meter }: RunningWanted): PreparedRunning {
  const found = eachSubscription(facts).map(({ held, frozen }) => {
    const commitments =
      meter === undefined
        ? minimumRuns(held).flatMap((run) => open(minimums(run, frozen, at), at).filter((item) => item.stretch.end > at))
        : [];
    const since = commitments.reduce((least, { stretch }) => earliest(least, stretch.start), at);
    const items = meteredRuns(held)
      .filter(({ price }) => meter === undefined || price.meter === meter)
      .flatMap((run) => running(run, frozen, { at, since, through }));
    return { commitments, items };
  });
  const items = found.flatMap((one) => one.items);
  return {
    currency: facts.currency,
    at,
    items,
    commitments: found.flatMap((one) => one.commitments),
    questions: items.map(({ question }) => question),
  };
}

/**
 * Second half: what the usage so far costs, rated as the invoice does, with the free units and the maximum of the whole piece. Its minimum
 * stands beside the amount until the piece is over; from then on the amount is that of the invoice's line.
 */
export function concludeRunning({ currency, at, items, commitments }: PreparedRunning, answers: readonly UsageAnswer[]): RunningTotal {
  const groups = items.flatMap((item, i) => {
    const answer = answers[i];
    if (!answer) throw new RangeError(`question ${String(i)} of ${String(items.length)} was not answered`);
    return answer.map((usage) => ({ ...ratedGroup(item.isOver ? item : withoutMinimum(item), usage, currency), running: item }));
  });
  const lines = groups
    .filter(({ running }) => running.stretch.end > at)
    .map(({ charge, running: { subscription, plan, planVersion, price, share, isOver, meteredPeriod } }): RunningLine => ({
      ...charge,
      subscription,
      plan,
      planVersion,
      price,
      minimumMinor: price.minimum === undefined || isOver ? null : toMinor(exact(price.minimum).mul(share), currency),
      meteredPeriod,
    }));
  return {
    lines,
    commitments: commitments.map((item) => ({
      item,
      commitmentMinor: toMinor(item.commitment, currency),
      missingMinor: minimumOf(item, groups, currency),
    })),
    totalMinor: lines.reduce((total, { amountMinor }) => total + amountMinor, 0n),
  };
}

function running(
  run: MeteredRun,
  frozen: FrozenPeriods,
  { at, since, through }: { readonly at: Instant; readonly since: Instant; readonly through: Instant },
): RunningItem[] {
  return open(metered(run, frozen, since), at)
    .filter(({ stretch }) => stretch.end > since)
    .map((item) => ({
      ...item,
      question: { ...item.question, to: earliest(item.stretch.end, through) },
      isOver: through >= item.stretch.end,
    }));
}

/** Of pieces in order, those that have begun. */
function open<Item extends Due & { readonly stretch: Stretch }>(pieces: Iterable<Item>, at: Instant): Item[] {
  const begun: Item[] = [];
  for (const piece of pieces) {
    if (piece.stretch.start > at) break;
    begun.push(piece);
  }
  return begun;
}

function withoutMinimum({ price: { minimum: _minimum, ...price }, ...item }: RunningItem): ExpectedMetered {
  return { ...item, price };
}

/** What of a plan the account holds at an instant. */
export const heldAt = (facts: AccountFacts, at: Instant): Holding[] =>
  eachSubscription(facts).flatMap(({ held }) => held.filter(({ from, to }) => from <= at && (to === null || at < to)));
