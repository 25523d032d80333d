import { type EventData, propertyText } from './filter.js';
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

/** The values of the properties asked for, as one text that can be told apart: an absent one is the empty text. */
export const groupKeyOf = (properties: readonly string[] = [], data: EventData): string =>
  properties.length === 0 ? '' : JSON.stringify(properties.map((property) => propertyText(data, property) ?? ''));

/** The properties' values by their names, as `groupKeyOf` put them into one text. */
export function groupNamed(properties: readonly string[] = [], key: string): Readonly<Record<string, string>> {
  const values = key === '' ? [] : (JSON.parse(key) as string[]);
  return Object.fromEntries(properties.map((property, i) => [property, values[i] ?? '']));
}
