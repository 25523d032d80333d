import { formatInstant, tryInstant } from '../../domain/instant.js';

/** One place where what came out is not what a case expects. */
export interface Difference {
  readonly pointer: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/**
 * Compares what `expected` names, and nothing else: fields of objects that are named, lists completely and in order,
 * amounts as written, instants as instants.
 */
export function differences(expected: unknown, actual: unknown, pointer = ''): Difference[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [{ pointer, expected, actual }];
    const items = expected.flatMap((item, i) => (i < actual.length ? differences(item, actual[i], `${pointer}/${String(i)}`) : []));
    return expected.length === actual.length
      ? items
      : [{ pointer: `${pointer}/length`, expected: expected.length, actual: actual.length }, ...items];
  }
  if (isObject(expected)) {
    if (!isObject(actual)) return [{ pointer, expected, actual }];
    return Object.entries(expected).flatMap(([name, value]) => differences(value, actual[name], `${pointer}/${name}`));
  }
  return normalized(expected) === normalized(actual) ? [] : [{ pointer, expected, actual }];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function normalized(value: unknown): unknown {
  const instant = typeof value === 'string' ? tryInstant(value) : undefined;
  return instant === undefined ? value : formatInstant(instant);
}
