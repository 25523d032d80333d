import pg from 'pg';
import { tryInstant, type Instant } from '../../domain/instant.js';

const INT8 = 20;
const DATE = 1082;
const TIMESTAMPTZ = 1184;

type Parser = (text: string) => unknown;

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [INT8, BigInt],
  [DATE, (text) => text],
  [TIMESTAMPTZ, instantOfText],
]);

/** How a pool reads values: instants as microseconds, 64-bit integers as bigint, numeric and dates as text. Nothing passes through `Date`. */
export const PG_TYPES = { getTypeParser: parserOf };

/** pg's declaration knows built-in types only by name; any oid may come. */
const defaultParser = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => unknown;

function parserOf(oid: number, format?: 'text' | 'binary'): Parser {
  return PARSERS.get(oid) ?? (defaultParser(oid, format) as Parser);
}

/** PostgreSQL writes 2026-01-31 05:00:00.5+00 where the session's time zone is UTC. */
function instantOfText(text: string): Instant {
  const instant = tryInstant(`${text.replace(' ', 'T')}:00`);
  if (instant === undefined) throw new RangeError(`not an instant within our years, or not in UTC: ${text}`);
  return instant;
}
