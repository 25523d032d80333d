import type { Instant } from '../../domain/instant.js';

/*
 * Arrays for statements that take thousands of rows, made at once: pg's own takes each element by itself, which is most of the time that a
 * large batch takes on our side. Most are in PostgreSQL's binary form, half as long as the text form and read without a parser; pg sends a
 * Buffer as it is. It relies on the types' oids, which never change, and on the parameter's cast: `$1::uuid[]`.
 */

const [UUID, TEXT, INT4, INT8, TIMESTAMPTZ] = [2950, 25, 23, 20, 1184];
const HEAD_BYTES = 20;
const EMPTY_HEAD_BYTES = 12;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;
/** PostgreSQL counts microseconds from the year 2000. */
const EPOCH_2000 = 946_684_800_000_000n;

/** An array of one dimension, up to its elements. */
function begun(type: number, values: readonly unknown[], elementBytes: number): Buffer {
  if (values.length === 0) {
    const empty = Buffer.alloc(EMPTY_HEAD_BYTES);
    empty.writeInt32BE(type, 8);
    return empty;
  }
  const array = Buffer.allocUnsafe(HEAD_BYTES + elementBytes);
  array.writeInt32BE(1, 0); // dimensions
  array.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16); // the first index
  return array;
}

/** Elements of one length each. */
function fixed<Value>(
  type: number,
  values: readonly (Value | null)[],
  bytes: number,
  write: (array: Buffer, value: Value, at: number) => void,
): Buffer {
  const array = begun(type, values, values.length * (LENGTH_BYTES + bytes));
  let at = HEAD_BYTES;
  for (const value of values) {
    array.writeInt32BE(value === null ? NULL_LENGTH : bytes, at);
    at += LENGTH_BYTES;
    if (value === null) continue;
    write(array, value, at);
    at += bytes;
  }
  return values.length === 0 ? array : array.subarray(0, at);
}

/** For `int4[]`. */
export const int4Array = (values: readonly number[]): Buffer =>
  fixed(INT4, values, 4, (array, value, at) => {
    array.writeInt32BE(value, at);
  });

/** For `int8[]`. */
export const int8Array = (values: readonly bigint[]): Buffer =>
  fixed(INT8, values, 8, (array, value, at) => {
    array.writeBigInt64BE(value, at);
  });

/** For `timestamptz[]`. */
export const instantArray = (values: readonly (Instant | null)[]): Buffer =>
  fixed(TIMESTAMPTZ, values, 8, (array, value, at) => {
    array.writeBigInt64BE(value - EPOCH_2000, at);
  });

/** For `uuid[]`, of uuids in their usual form. */
export const uuidArray = (values: readonly string[]): Buffer => fixed(UUID, values, 16, writeUuid);

const DASH = 0x2d;
const DIGITS = new Uint8Array(128);
for (let digit = 0; digit < 16; digit += 1) {
  DIGITS[digit.toString(16).charCodeAt(0)] = digit;
  DIGITS[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

function writeUuid(array: Buffer, uuid: string, at: number): void {
  let next = at;
  for (let i = 0; i < uuid.length; i += 2) {
    if (uuid.charCodeAt(i) === DASH) i += 1;
    array[next++] = ((DIGITS[uuid.charCodeAt(i)] ?? 0) << 4) | (DIGITS[uuid.charCodeAt(i + 1)] ?? 0);
  }
}

const UTF8_BYTES_MAX = 3;
const ASCII_MAX = 127;

/** For `text[]`, of any texts that PostgreSQL can hold. */
export function textArray(values: readonly (string | null)[]): Buffer {
  let room = 0;
  for (const value of values) room += LENGTH_BYTES + UTF8_BYTES_MAX * (value?.length ?? 0);
  const array = begun(TEXT, values, room);
  if (values.length === 0) return array;
  let at = HEAD_BYTES;
  for (const value of values) {
    const bytes = value === null ? 0 : writeText(array, value, at + LENGTH_BYTES);
    array.writeInt32BE(value === null ? NULL_LENGTH : bytes, at);
    at += LENGTH_BYTES + bytes;
  }
  return array.subarray(0, at);
}

/** Most texts are short and plain, and quicker written here than by a call. Returns how many bytes it took. */
function writeText(array: Buffer, text: string, at: number): number {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > ASCII_MAX) return array.write(text, at, 'utf8');
    array[at + i] = code;
  }
  return text.length;
}

/** The text form, of texts without blanks, commas, quotes, braces and backslashes: decimals, ids, instants. */
export const plainArray = (values: readonly (string | number | bigint | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;
