/*
 * PostgreSQL's text form of an array, made at once: pg's own takes each element by itself, which is most of the time that a large batch
 * of rows takes on our side.
 */

const NEEDS_ESCAPE = /["\\]/g;

/** Of any texts. */
export function textArray(values: readonly (string | null)[]): string {
  let array = '{';
  for (const [i, value] of values.entries()) {
    if (i > 0) array += ',';
    array += value === null ? 'NULL' : `"${value.replace(NEEDS_ESCAPE, '\\$&')}"`;
  }
  return `${array}}`;
}

/** Of texts without blanks, commas, quotes, braces and backslashes: numbers, ids, instants. */
export const plainArray = (values: readonly (string | number | bigint | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;

/** SQL for the instant of a number of microseconds, which is cheaper to write and to read than a text. */
export const instantSql = (micros: string): string => `timestamptz 'epoch' + (${micros}) * interval '1 microsecond'`;
