import type { Meter } from '../catalog.js';
import { isDecimal } from '../decimal.js';
import { type EventData, passes, plainNumber, propertyOf, propertyText } from './filter.js';

/** Counts as it is, whatever came before. */
export interface NumberMeasure {
  readonly kind: 'number';
  readonly group: string;
  /** An exact decimal; null where the event counts but has no number. */
  readonly value: string | null;
}

/** Sets or changes the level of a resource. */
export interface PointMeasure {
  readonly kind: 'point';
  readonly resource: string;
  readonly group: string;
  readonly value: string;
}

/** Says which resources run; all others are at zero from then on. */
export interface SnapshotMeasure {
  readonly kind: 'snapshot';
  readonly running: readonly string[];
}

export type Measure = NumberMeasure | PointMeasure | SnapshotMeasure;

/** What an event is to a meter; nothing where it is of another type, or the meter's filter keeps it out. */
export function measureOf(meter: Meter, { type, data }: { readonly type: string; readonly data: EventData }): Measure | undefined {
  if (isSnapshotFor(meter, type, data)) return { kind: 'snapshot', running: runningIn(meter, data) ?? [] };
  if (meter.eventType !== type || !passes(meter.filter, data)) return undefined;
  const group = groupOf(meter.groupBy, data);
  const value = meter.value === undefined ? undefined : decimalOf(data, meter.value);
  if (meter.aggregation !== 'time_weighted') return { kind: 'number', group, value: value ?? null };
  return { kind: 'point', resource: resourceOf(meter, data) ?? '', group, value: value ?? '0' };
}

/** Whether an event is a list of what runs: of the meter's snapshot type, with `"snapshot": true` in its data. */
export const isSnapshotFor = (meter: Meter, type: string, data: EventData): boolean =>
  meter.snapshotType === type && propertyOf(data, 'snapshot') === true;

/** The resources that a snapshot lists under the name of the meter's resource property; `undefined` where it is no list of plain values. */
export function runningIn(meter: Meter, data: EventData): string[] | undefined {
  const listed = propertyOf(data, meter.resource ?? '');
  if (!Array.isArray(listed)) return undefined;
  const names = listed.map((value: unknown) => propertyText({ value }, 'value'));
  return names.every((name) => name !== undefined) ? names : undefined;
}

/** The name of the resource that an event is about; the empty text where the meter has no such property. */
export const resourceOf = (meter: Meter, data: EventData): string | undefined =>
  meter.resource === undefined ? '' : propertyText(data, meter.resource);

/** The values of the properties as one text: a JSON list, with null for what is absent; empty where there are no properties. */
export const groupOf = (properties: readonly string[] = [], data: EventData): string =>
  properties.length === 0 ? '' : JSON.stringify(properties.map((property) => propertyText(data, property) ?? null));

/** A property as an exact decimal; `undefined` where it is none. */
export function decimalOf(data: EventData, property: string): string | undefined {
  const value = propertyOf(data, property);
  const text = typeof value === 'number' ? plainNumber(value) : value;
  return typeof text === 'string' && isDecimal(text) ? text : undefined;
}
