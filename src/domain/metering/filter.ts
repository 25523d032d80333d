import type { UsageFilter } from '../catalog.js';
import { isDecimal } from '../decimal.js';

/** The data of a usage event. */
export type EventData = Readonly<Record<string, unknown>>;

/** A property's own value; `undefined` when absent. */
export const propertyOf = (data: EventData, property: string): unknown => (Object.hasOwn(data, property) ? data[property] : undefined);

/** A property's value as the text by which filters and groups compare: decimals without needless zeros; `undefined` when absent or not a plain value. */
export function propertyText(data: EventData, property: string): string | undefined {
  const value = propertyOf(data, property);
  if (typeof value === 'string') return canonicalText(value);
  if (typeof value === 'number') return plainNumber(value);
  return typeof value === 'boolean' ? String(value) : undefined;
}

/** A decimal without zeros at its end, and zero without a sign; any other text as it is. */
export function canonicalText(text: string): string {
  if (!isDecimal(text)) return text;
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return short === '-0' ? '0' : short;
}

/** A number as it was written, up to 15 significant digits, without an exponent: 1e21 and 1e-7 are written out. */
export function plainNumber(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [digits = '0', power = '0'] = text.split('e');
  const shift = Number(power);
  const [whole = '0', part = ''] = digits.replace('-', '').split('.');
  const sign = value < 0 ? '-' : '';
  if (shift >= 0) return `${sign}${whole}${part.padEnd(shift, '0')}`;
  return `${sign}0.${'0'.repeat(-shift - whole.length)}${whole}${part}`;
}

/** Whether an event's data has, for every property that the filter names, one of its values. */
export function passes(filter: UsageFilter | undefined, data: EventData): boolean {
  return Object.entries(filter ?? {}).every(([property, values]) => {
    const text = propertyText(data, property);
    return values.some((value) => canonicalText(value) === text);
  });
}

/** Whether no event can pass both filters: they name a property in common, and no value of it. */
export function disjoint(a: UsageFilter | undefined, b: UsageFilter | undefined): boolean {
  return Object.entries(a ?? {}).some(([property, values]) => {
    const others = b !== undefined && Object.hasOwn(b, property) ? b[property]?.map(canonicalText) : undefined;
    return others !== undefined && !values.some((value) => others.includes(canonicalText(value)));
  });
}
