import type { Instant, Stretch } from '../instant.js';
import { periodContaining } from '../period.js';
import { type Holding, type OneTimeHeld, ordinalOf } from '../subscription/history.js';
import type { FrozenPeriods } from './billing-periods.js';
import { type Due, dueBy, type Expected, type ExpectedOneTime, slotOf } from './due.js';
import { metered, meteredRuns } from './expected-metered.js';
import { minimumRuns, minimums } from './expected-minimum.js';
import { recurring, recurringRuns } from './expected-recurring.js';
import type { BillingPeriod } from './line.js';
import { isOpen, openFrom } from './settled.js';

const NONE_FROZEN: FrozenPeriods = new Map();

/** What one subscription holds and held, and came to hold once. */
export interface Held {
  readonly held: readonly Holding[];
  readonly oneTime: readonly OneTimeHeld[];
}

/** A piece of service that is charged by itself. */
type Piece = Due & { readonly stretch: Stretch; readonly period: BillingPeriod };

/**
 * What should have been charged by `asOf` (included) for one subscription; of one that is settled, without the pieces that end by then. What
 * is charged once is always there.
 */
export function expected(
  { held, oneTime }: Held,
  asOf: Instant,
  { frozen = NONE_FROZEN, settledThrough }: { readonly frozen?: FrozenPeriods; readonly settledThrough?: Instant | undefined } = {},
): Expected {
  const from = settledThrough === undefined ? undefined : openFrom(held, settledThrough);
  const until = <Item extends Piece>(items: Iterable<Item>): Item[] => {
    const due: Item[] = [];
    for (const item of items) {
      if (item.dueAt > asOf) break;
      if (isOpen(settledThrough, item.period, item.stretch)) due.push(item);
    }
    return due;
  };
  return {
    oneTime: oneTimes(oneTime).filter((item) => item.dueAt <= asOf),
    recurring: recurringRuns(held).flatMap((run) => until(recurring(run, frozen, from))),
    metered: meteredRuns(held).flatMap((run) => until(metered(run, frozen, from))),
    minimums: minimumRuns(held).flatMap((run) => until(minimums(run, frozen, from))),
  };
}

/** The first instant whose usage counts in a metered piece that is not settled by then, due or not; `undefined` where there is none. */
export function usageOpenFrom({ held }: Held, settledThrough: Instant | undefined, frozen: FrozenPeriods): Instant | undefined {
  const from = settledThrough === undefined ? undefined : openFrom(held, settledThrough);
  const starts = meteredRuns(held).flatMap((run) => {
    for (const { period, stretch } of metered(run, frozen, from)) if (isOpen(settledThrough, period, stretch)) return [stretch.start];
    return [];
  });
  return starts.reduce<Instant | undefined>((least, at) => (least === undefined || at < least ? at : least), undefined);
}

/** The first instant after `after` at which something falls due for the subscription; `undefined` when nothing ever will. */
export function nextDue({ held, oneTime }: Held, after: Instant, frozen: FrozenPeriods = NONE_FROZEN): Instant | undefined {
  const first = (items: Iterable<Due>): Instant[] => {
    for (const item of items) if (item.dueAt > after) return [item.dueAt];
    return [];
  };
  const found = [
    ...oneTimes(oneTime).flatMap((item) => (item.dueAt > after ? [item.dueAt] : [])),
    ...minimumRuns(held).flatMap((run) => first(minimums(run, frozen, after))),
    ...recurringRuns(held).flatMap((run) => [...first(recurring(run, frozen, after)), ...creditsDue(run.held, after)]),
    ...meteredRuns(held).flatMap((run) => first(metered(run, frozen, after))),
  ];
  return found.reduce<Instant | undefined>((least, at) => (least === undefined || at < least ? at : least), undefined);
}

/** Where a plan is left inside a period, where what was kept of it ends, and where a pause begins, what was paid for the rest may come back. */
function creditsDue({ from, to, pauses, keptRest, schedule }: Holding, after: Instant): Instant[] {
  const pauseStarts = pauses.map(({ start }) => start).filter((start) => start >= from && (to === null || start < to));
  const left = keptRest.at(-1)?.dueBy === null ? [] : [to];
  const ends = [...left, ...keptRest.map((kept) => kept.to)].filter((at) => at !== null && periodContaining(schedule, at).start !== at);
  return [...pauseStarts, ...ends].flatMap((at) => (at !== null && at > after ? [at] : []));
}

const oneTimes = (oneTime: readonly OneTimeHeld[]): ExpectedOneTime[] =>
  oneTime.map(({ price, holding }) => ({
    ...dueBy(holding, holding.from),
    slot: slotOf('one_time', holding.subscription, price.key),
    price,
    at: holding.from,
    periodOrdinal: ordinalOf(holding, holding.chargesFrom),
  }));
