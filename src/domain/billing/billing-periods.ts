import { type Instant, latest, type Stretch } from '../instant.js';
import { type Period, periodsFrom, type Schedule } from '../period.js';
import type { Holding } from '../subscription/history.js';
import type { BillingPeriod } from './line.js';

/** The bounds of periods that were billed, by key: they stay as they were billed, whatever the time zone database says later. */
export type FrozenPeriods = ReadonlyMap<string, Stretch>;

export interface PeriodsWanted {
  /** Whether the period that the holding's end cuts is charged to its own end. */
  readonly includesRest?: boolean;
  readonly from?: Instant | undefined;
}

/** The billing periods in which a holding charges something; the last is the one that its end cuts or closes. */
export function* billingPeriods(
  holding: Holding,
  frozen: FrozenPeriods,
  { includesRest = false, from }: PeriodsWanted,
): Generator<BillingPeriod & Period> {
  if (includesRest && holding.to !== null && endsInTrial(holding, holding.to)) return;
  for (const period of periodsFrom(holding.schedule, latest(from ?? holding.chargesFrom, holding.chargesFrom))) {
    const as = asBilled(period, holding.schedule, frozen);
    if (holding.to !== null && as.start >= holding.to) return;
    yield as;
  }
}

const endsInTrial = ({ from, chargesFrom }: Holding, to: Instant): boolean => to < chargesFrom || (to === chargesFrom && from < to);

/** A period with the bounds that it, or its neighbours on the same schedule, were billed with. */
export function asBilled(period: Period, schedule: Schedule, frozen: FrozenPeriods): BillingPeriod & Period {
  const name = scheduleKey(schedule);
  const keyAt = (index: number): string => `${name} #${String(index)}`;
  const own = frozen.get(keyAt(period.index));
  return {
    index: period.index,
    key: keyAt(period.index),
    start: own?.start ?? frozen.get(keyAt(period.index - 1))?.end ?? period.start,
    end: own?.end ?? frozen.get(keyAt(period.index + 1))?.start ?? period.end,
  };
}

/** Names a schedule: a subscription whose anchor is reset goes on with another one. */
export const scheduleKey = ({ anchorAt, interval }: Schedule): string =>
  `${String(interval.count)} ${interval.unit} from ${anchorAt.toString()}`;

export const bounds = ({ key, start, end }: BillingPeriod): BillingPeriod => ({ key, start, end });
