import type { ProrationBasis } from './catalog.js';
import { type Exact, ratio } from './decimal.js';
import type { Stretch } from './instant.js';
import { localDay } from './period.js';

/** How time is shared out: by elapsed time, or by local dates in a time zone. */
export interface ProrationRule {
  readonly basis: ProrationBasis;
  readonly timeZone: string;
}

/** The length of a stretch: microseconds, or the local dates in [date(start), date(end)): the day of a change belongs to what comes after it. */
export const measure = ({ start, end }: Stretch, { basis, timeZone }: ProrationRule): bigint =>
  basis === 'second' ? end - start : localDay(end, timeZone) - localDay(start, timeZone);

/**
 * The part's share of the whole, exact. By days, a whole of no days (a period in which a zone skipped its date) is shared out by time, so that
 * the shares of its parts add up to 1 as well.
 */
export function share(part: Stretch, whole: Stretch, rule: ProrationRule): Exact {
  const days = measure(whole, rule);
  return days === 0n ? ratio(part.end - part.start, whole.end - whole.start) : ratio(measure(part, rule), days);
}
