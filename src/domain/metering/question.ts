import type { UsageFilter } from '../catalog.js';
import type { Exact } from '../decimal.js';
import type { Instant } from '../instant.js';

/** How much of a meter was used in [from, to)? Asked by the domain, answered by whoever keeps the events. */
export interface UsageQuestion {
  readonly meter: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly filter?: UsageFilter;
  /** Properties to tell apart; without them there is one answer, for all. */
  readonly groupBy?: readonly string[];
  /** Units of level not charged at any moment; `time_weighted` only. */
  readonly freeConcurrent?: string;
}

export interface GroupUsage {
  /** The group's property values; empty without `groupBy`. */
  readonly group: Readonly<Record<string, string>>;
  /** In the meter's unit; `null` where the aggregation has none (for example `max` of no event). */
  readonly quantity: Exact | null;
  /** The quantity less what `freeConcurrent` leaves free; equal to `quantity` without it. */
  readonly billable: Exact | null;
  /** How many events fell into [from, to). */
  readonly events: bigint;
}

/** One entry for each group; without `groupBy` exactly one, also where there was no usage. */
export type UsageAnswer = readonly GroupUsage[];
