import type { Problems } from './bodies.js';

export type Records = Readonly<Record<string, unknown>>;

/** A member of a list in the file, and where it stands. */
export interface Placed {
  readonly record: Records;
  readonly pointer: string;
}

export const isRecord = (value: unknown): value is Records => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The objects of a list in the file; an absent list has none. */
export function recordsOf(json: Records, key: string, problems: Problems, at = ''): Placed[] {
  const value = json[key];
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    problems.say(`${at}/${key}`, 'not_a_list', 'Must be a list.');
    return [];
  }
  return value.flatMap((record: unknown, i) => {
    const pointer = `${at}/${key}/${String(i)}`;
    if (isRecord(record)) return [{ record, pointer }];
    problems.say(pointer, 'not_an_object', 'Must be an object.');
    return [];
  });
}
