import type { Meter } from '../catalog.js';
import { type Exact, exact, greatest, isDecimal, least, ratio, sum, ZERO } from '../decimal.js';
import { DAY, HOUR, type Instant, latest, MINUTE, SECOND } from '../instant.js';
import { type EventData, passes, plainNumber, propertyOf, propertyText } from './filter.js';
import type { GroupUsage, UsageAnswer, UsageQuestion } from './question.js';

/** A usage event as the calculator sees it. (`source`, `id`) identifies it. */
export interface MeterEvent {
  readonly id: string;
  readonly source: string;
  readonly sequence?: string;
  readonly type: string;
  readonly time: Instant;
  readonly data: EventData;
}

/** Microseconds in a meter's unit of time. */
export const UNIT_MICROS = { second: SECOND, minute: MINUTE, hour: HOUR, day: DAY } as const;

/**
 * Answers a question from the events themselves, in the plainest way: the reference for every faster one.
 * Exact; only events with from <= time < to count, but a level is carried in from before and holds until it changes.
 */
export function answer(meter: Meter, question: UsageQuestion, events: readonly MeterEvent[]): UsageAnswer {
  const ofMeter = events
    .filter((event) => event.type === meter.eventType && event.time < question.to && passes(meter.filter, event.data))
    .sort(compareEvents);
  const points = (meter.aggregation === 'time_weighted' ? withEnds(meter, ofMeter) : ofMeter.map((event) => ({ event }))).filter(
    ({ event }) => passes(question.filter, event.data),
  );
  return grouped(points, question)
    .map(({ group, members }) => ({ group, ...measured(meter, question, members) }))
    .filter((usage) => question.groupBy === undefined || usage.events > 0n || (usage.quantity !== null && !usage.quantity.equals(ZERO)));
}

/** An event, and for a level the instant at which the next event of its resource ends what it set. */
interface Point {
  readonly event: MeterEvent;
  readonly until?: Instant | undefined;
}

/** A point holds until its resource's next one, whatever filter or group that one belongs to. A change (`delta`) holds for good. */
function withEnds(meter: Meter, events: readonly MeterEvent[]): Point[] {
  if (meter.mode === 'delta') return events.map((event) => ({ event }));
  const nextOf = new Map<string, Instant>();
  const backwards = events.toReversed().map((event): Point => {
    const resource = meter.resource === undefined ? '' : (propertyText(event.data, meter.resource) ?? '');
    const until = nextOf.get(resource);
    nextOf.set(resource, event.time);
    return { event, until };
  });
  return backwards.reverse();
}

/** By time, then `sequence`, source and id, bytewise: never by arrival. */
export function compareEvents(a: MeterEvent, b: MeterEvent): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return bytewise(a.sequence ?? '', b.sequence ?? '') || bytewise(a.source, b.source) || bytewise(a.id, b.id);
}

/** A decimal string, or a number, as an exact value; `undefined` for anything else. */
export function numberOf(data: EventData, property: string): Exact | undefined {
  const value = propertyOf(data, property);
  const text = typeof value === 'number' ? plainNumber(value) : value;
  return typeof text === 'string' && isDecimal(text) ? exact(text) : undefined;
}

/** UTF-8 sorts as code points do. */
function bytewise(a: string, b: string): number {
  const [x, y] = [codePoints(a), codePoints(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) if (x[i] !== y[i]) return (x[i] ?? 0) - (y[i] ?? 0);
  return x.length - y.length;
}

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);

interface Group {
  readonly group: Readonly<Record<string, string>>;
  readonly members: Point[];
}

/** Points by the values of the properties asked for; an absent one is the empty text. */
function grouped(points: readonly Point[], { groupBy }: UsageQuestion): Group[] {
  if (groupBy === undefined) return [{ group: {}, members: [...points] }];
  const groups = new Map<string, Group>();
  for (const point of points) {
    const group = Object.fromEntries(groupBy.map((property) => [property, propertyText(point.event.data, property) ?? '']));
    const key = JSON.stringify(Object.values(group));
    const found = groups.get(key);
    if (found) found.members.push(point);
    else groups.set(key, { group, members: [point] });
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function measured(meter: Meter, question: UsageQuestion, points: readonly Point[]): Omit<GroupUsage, 'group'> {
  const within = points.filter(({ event }) => event.time >= question.from).map(({ event }) => event);
  const count = BigInt(within.length);
  if (meter.aggregation === 'time_weighted') return { ...timeWeighted(meter, question, points), events: count };
  const quantity = plainAggregate(meter, within);
  return { quantity, billable: quantity, events: count };
}

function plainAggregate(meter: Meter, events: readonly MeterEvent[]): Exact | null {
  const property = meter.value ?? '';
  const values = events.flatMap((event) => numberOf(event.data, property) ?? []);
  switch (meter.aggregation) {
    case 'count':
      return ratio(BigInt(events.length), 1n);
    case 'sum':
      return sum(values);
    case 'unique':
      return ratio(BigInt(new Set(events.flatMap((event) => propertyText(event.data, property) ?? [])).size), 1n);
    case 'max':
      return values.length === 0 ? null : values.reduce(greatest);
    case 'min':
      return values.length === 0 ? null : values.reduce(least);
    case 'latest':
      return values.at(-1) ?? null;
    case 'average':
      return values.length === 0 ? null : sum(values).div(ratio(BigInt(values.length), 1n));
    default:
      return nearestRank(values, meter.percentile ?? 100);
  }
}

/** The smallest value that at least p percent of the values do not exceed. */
function nearestRank(values: readonly Exact[], percentile: number): Exact | null {
  if (values.length === 0) return null;
  const ordered = [...values].sort((a, b) => a.compare(b));
  const { n, d } = exact(plainNumber(percentile)).mul(ratio(BigInt(values.length), 100n));
  return ordered[Number((n + d - 1n) / d) - 1] ?? null;
}

/** The integral of the level over [from, to), in the meter's unit, and of what of it lies above `freeConcurrent`. */
function timeWeighted(
  meter: Meter,
  { from, to, freeConcurrent }: UsageQuestion,
  points: readonly Point[],
): Pick<GroupUsage, 'quantity' | 'billable'> {
  const free = exact(freeConcurrent ?? '0');
  const perUnit = ratio(1n, UNIT_MICROS[meter.unit ?? 'second']);
  const valueOf = ({ event }: Point): Exact => numberOf(event.data, meter.value ?? '') ?? ZERO;
  const jumps = points.flatMap((point) => [
    { at: latest(point.event.time, from), by: valueOf(point) },
    ...(point.until === undefined ? [] : [{ at: latest(point.until, from), by: valueOf(point).neg() }]),
  ]);
  jumps.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  let [quantity, billable, level, reached] = [ZERO, ZERO, ZERO, from];
  for (const { at, by } of [...jumps, { at: to, by: ZERO }]) {
    const length = ratio(at - reached, 1n);
    quantity = quantity.add(level.mul(length));
    billable = billable.add((freeConcurrent === undefined ? level : greatest(level.sub(free), ZERO)).mul(length));
    level = level.add(by);
    reached = at;
  }
  return { quantity: quantity.mul(perUnit), billable: billable.mul(perUnit) };
}
