import type { Meter } from '../catalog.js';
import { type Exact, exact, greatest, least, ratio, sum } from '../decimal.js';
import { type EventData, passes, plainNumber, propertyText } from './filter.js';
import { levelAnswer } from './level-answer.js';
import { decimalOf } from './measures.js';
import { compareEvents, type MeterEvent } from './meter-event.js';
import { groupKeyOf, groupNamed, type UsageAnswer, type UsageQuestion } from './question.js';

/**
 * Answers a question from the events themselves, in the plainest way: the reference for every faster one. Voided events are left out by
 * the caller. Exact; only events with from <= time < to count, but a level is carried in from before and holds until it changes.
 */
export function answer(meter: Meter, question: UsageQuestion, events: readonly MeterEvent[]): UsageAnswer {
  const inOrder = events.filter(({ time }) => time < question.to).sort(compareEvents);
  if (meter.aggregation === 'time_weighted') return levelAnswer(meter, question, inOrder);
  const within = inOrder.filter(
    ({ type, time, data }) =>
      type === meter.eventType && time >= question.from && passes(meter.filter, data) && passes(question.filter, data),
  );
  return grouped(within, question).map(({ group, members }) => {
    const quantity = plainAggregate(meter, members);
    return { group, quantity, billable: quantity, events: BigInt(members.length) };
  });
}

/** A decimal string, or a number, as an exact value; `undefined` for anything else. */
export function numberOf(data: EventData, property: string): Exact | undefined {
  const text = decimalOf(data, property);
  return text === undefined ? undefined : exact(text);
}

interface Group {
  readonly group: Readonly<Record<string, string>>;
  readonly members: MeterEvent[];
}

/** Events by the values of the properties asked for; an absent one is the empty text. */
function grouped(events: readonly MeterEvent[], { groupBy }: UsageQuestion): Group[] {
  if (groupBy === undefined) return [{ group: {}, members: [...events] }];
  const groups = new Map<string, Group>();
  for (const event of events) {
    const key = groupKeyOf(groupBy, event.data);
    const found = groups.get(key);
    if (found) found.members.push(event);
    else groups.set(key, { group: groupNamed(groupBy, key), members: [event] });
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
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
