import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../instant.js';
import type { EventData } from './filter.js';

/** A usage event as the calculator sees it. (`source`, `id`) identifies it. */
export interface MeterEvent {
  readonly id: string;
  readonly source: string;
  readonly sequence?: string;
  readonly type: string;
  readonly time: Instant;
  readonly data: EventData;
}

/** What events of one resource at one instant are ordered by. */
export type EventOrder = Pick<MeterEvent, 'id' | 'source' | 'sequence' | 'time'>;

/** Microseconds in a meter's unit of time. */
export const UNIT_MICROS = { second: SECOND, minute: MINUTE, hour: HOUR, day: DAY } as const;

/** By time, then `sequence`, source and id, bytewise: never by arrival. */
export function compareEvents(a: EventOrder, b: EventOrder): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return bytewise(a.sequence ?? '', b.sequence ?? '') || bytewise(a.source, b.source) || bytewise(a.id, b.id);
}

/** UTF-8 sorts as code points do. */
function bytewise(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [codePoints(a), codePoints(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) if (x[i] !== y[i]) return (x[i] ?? 0) - (y[i] ?? 0);
  return x.length - y.length;
}

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);
