import type { UsageFilter } from '../catalog.js';
import { exact, isDecimal, shown } from '../decimal.js';

/** The data of a usage event. */
export type EventData = Readonly<Record<string, unknown>>;

const SHOWN_DECIMALS = 40;

/** A property's value as the text by which filters and groups compare: decimals without needless zeros; `undefined` when absent or not a plain value. */
export function propertyText(data: EventData, property: string): string | undefined {
  const value = Object.hasOwn(data, property) ? data[property] : undefined;
  if (typeof value === 'string') return isDecimal(value) ? shown(exact(value), SHOWN_DECIMALS) : value;
  if (typeof value === 'number') return isDecimal(String(value)) ? shown(exact(String(value)), SHOWN_DECIMALS) : String(value);
  return typeof value === 'boolean' ? String(value) : undefined;
}

/** Whether an event's data has, for every property that the filter names, one of its values. */
export function passes(filter: UsageFilter | undefined, data: EventData): boolean {
  return Object.entries(filter ?? {}).every(([property, values]) => {
    const text = propertyText(data, property);
    return text !== undefined && values.some((value) => propertyText({ value }, 'value') === text);
  });
}

/** Whether no event can pass both filters: they name a property in common, and no value of it. */
export function disjoint(a: UsageFilter | undefined, b: UsageFilter | undefined): boolean {
  return Object.entries(a ?? {}).some(([property, values]) => {
    const others = b?.[property];
    return others !== undefined && !values.some((value) => others.includes(value));
  });
}
