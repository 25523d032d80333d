import { isDecimal } from './decimal.js';

/** Fields whose strings are decimal numbers, so that "1.0" and "1.00" say the same. */
const DECIMAL_FIELDS: ReadonlySet<string> = new Set([
  'amount',
  'unitPrice',
  'flatPrice',
  'packageSize',
  'packagePrice',
  'fixedPerEvent',
  'upTo',
  'rate',
  'freeUnits',
  'freeConcurrent',
  'minimum',
  'maximum',
  'minimumCommitment',
  'percentOff',
  'amountOff',
]);

/**
 * Whether two bodies say the same: the order of fields, fields that are `undefined`, and the zeros at the end of a decimal do not count.
 * The order of lists does.
 */
export const sameContent = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

function canonical(value: unknown, field = ''): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([x], [y]) => (x < y ? -1 : 1));
    return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item, name)}`).join(',')}}`;
  }
  if (typeof value === 'string' && DECIMAL_FIELDS.has(field) && isDecimal(value) && value.includes('.'))
    return JSON.stringify(value.replace(/\.?0+$/, ''));
  return JSON.stringify(value);
}
