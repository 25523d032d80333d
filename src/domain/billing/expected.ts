import type { Instant } from '../instant.js';
import { latest } from '../instant.js';
import { periodContaining } from '../period.js';
import { type Holding, ordinalOf } from '../subscription/history.js';
import type { FrozenPeriods } from './billing-periods.js';
import { type Due, dueBy, type Expected, type ExpectedOneTime, slotOf } from './due.js';
import { metered, meteredRuns } from './expected-metered.js';
import { minimumRuns, minimums } from './expected-minimum.js';
import { recurring, recurringRuns } from './expected-recurring.js';

const NONE_FROZEN: FrozenPeriods = new Map();

/** What should have been charged by `asOf` (included) for one subscription. */
export function expected(held: readonly Holding[], asOf: Instant, frozen: FrozenPeriods = NONE_FROZEN): Expected {
  const until = <Item extends Due>(items: Iterable<Item>): Item[] => {
    const due: Item[] = [];
    for (const item of items) {
      if (item.dueAt > asOf) break;
      due.push(item);
    }
    return due;
  };
  return {
    oneTime: oneTimes(held).filter((item) => item.dueAt <= asOf),
    recurring: recurringRuns(held).flatMap((run) => until(recurring(run, frozen))),
    metered: meteredRuns(held).flatMap((run) => until(metered(run, frozen))),
    minimums: minimumRuns(held).flatMap((run) => until(minimums(run, frozen))),
  };
}

/** The first instant after `after` at which something falls due for the subscription; `undefined` when nothing ever will. */
export function nextDue(held: readonly Holding[], after: Instant, frozen: FrozenPeriods = NONE_FROZEN): Instant | undefined {
  const first = (items: Iterable<Due>): Instant[] => {
    for (const item of items) if (item.dueAt > after) return [item.dueAt];
    return [];
  };
  const found = [
    ...oneTimes(held).flatMap((item) => (item.dueAt > after ? [item.dueAt] : [])),
    ...minimumRuns(held).flatMap((run) => first(minimums(run, frozen, after))),
    ...recurringRuns(held).flatMap((run) => [...first(recurring(run, frozen, after)), ...creditsDue(run.held, after)]),
    ...meteredRuns(held).flatMap((run) => first(metered(run, frozen, after))),
  ];
  return found.reduce<Instant | undefined>((least, at) => (least === undefined || at < least ? at : least), undefined);
}

/** Where a plan is left inside a period, and where a pause begins, what was paid for the rest may come back. */
function creditsDue(holding: Holding, after: Instant): Instant[] {
  const { from, to, pauses } = holding;
  const pauseStarts = pauses.map(({ start }) => start).filter((start) => start >= from && (to === null || start < to));
  const left = to !== null && holding.creditsRest && periodContaining(holding.schedule, to).start !== to ? [to] : [];
  return [...pauseStarts, ...left].filter((at) => at > after);
}

function oneTimes(held: readonly Holding[]): ExpectedOneTime[] {
  const charged = new Set<string>();
  return held.flatMap((holding) =>
    holding.plan.prices.flatMap((price) => {
      if (price.kind !== 'one_time' || !holding.chargesOneTime || charged.has(price.key)) return [];
      charged.add(price.key);
      const slot = slotOf('one_time', holding.subscription, price.key);
      const periodOrdinal = ordinalOf(holding, latest(holding.from, holding.chargesFrom));
      return [{ ...dueBy(holding, holding.from), slot, price, at: holding.from, periodOrdinal }];
    }),
  );
}
