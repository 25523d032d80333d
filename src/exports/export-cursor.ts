import { tryInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';

/** How far a sequence went, and what lay there, by which it is known again. */
export interface Mark {
  readonly sequence: string;
  readonly position: bigint;
  readonly mark: string | null;
}

/** Where an export ended. The next one takes what was recorded behind it. */
export interface ExportCursor {
  readonly dataset: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly marks: readonly Mark[];
}

export const encodeCursor = ({ dataset, from, to, marks }: ExportCursor): string =>
  Buffer.from(
    JSON.stringify([dataset, from, to, ...marks.map(({ sequence, position, mark }) => [sequence, position.toString(), mark])]),
  ).toString('base64url');

/** @throws Refusal `invalid_cursor` */
export function decodeCursor(text: string): ExportCursor {
  const [dataset, from, to, ...rest] = listOf(text);
  const marks = rest.flatMap(markOf);
  if (typeof dataset !== 'string' || !isBound(from) || !isBound(to) || marks.length < rest.length)
    throw new Refusal(
      'invalid',
      'invalid_cursor',
      'The cursor is not one of an export: send the nextCursor of its manifest, or leave it out.',
    );
  return { dataset, from, to, marks };
}

function listOf(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

const isBound = (value: unknown): value is string | null =>
  value === null || (typeof value === 'string' && tryInstant(value) !== undefined);

/** None, where it is no mark. */
function markOf(value: unknown): Mark[] {
  const [sequence, position, mark] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!isText(sequence) || !isText(position) || !/^\d{1,18}$/.test(position)) return [];
  return mark === null || isText(mark) ? [{ sequence, position: BigInt(position), mark }] : [];
}

/** PostgreSQL has no text with a NUL in it. */
const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');
