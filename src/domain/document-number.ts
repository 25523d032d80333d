import { localDay } from './period.js';
import { DAY, formatInstant, type Instant } from './instant.js';

/** Where the calendar year of issue stands in a prefix. */
const YEAR = '{year}';

/** What a prefix may be: it ends with a separator, and a year in it stands between separators, so that no two numbers read alike. */
export const PREFIX_PATTERN = '^(?=.{2,40}$)(?!.*\\{year\\}.*\\{year\\})([A-Za-z0-9]+[./_-]|\\{year\\}[./_-])+$';

/** The prefix of documents issued at an instant: `ACME-{year}-` in 2026, by the seller's calendar, is `ACME-2026-`. */
export const prefixAt = (prefix: string, at: Instant, timeZone: string): string =>
  prefix.replace(YEAR, formatInstant(localDay(at, timeZone) * DAY).slice(0, 4));

/** A number as it is written: `INV-` and 42 are `INV-000042`. */
export const documentNumber = (prefix: string, n: bigint): string => `${prefix}${n.toString().padStart(6, '0')}`;

/** Whether documents under both prefixes could ever bear the same number. */
export const prefixesMeet = (a: string, b: string): boolean => anyYear(a) === anyYear(b);

const anyYear = (prefix: string): string => prefix.replace(YEAR, '#').replaceAll(/(?<=^|[./_-])\d{4}(?=[./_-])/g, '#');
