import type { Meter } from '../catalog.js';
import { exact, greatest, ratio, ZERO } from '../decimal.js';
import { type Instant, latest } from '../instant.js';
import { passes } from './filter.js';
import { jumpsOf, type LevelJump, type LevelPoint, type LevelRules } from './levels.js';
import { measureOf } from './measures.js';
import { type MeterEvent, UNIT_MICROS } from './meter-event.js';
import { groupKeyOf, groupNamed, type GroupUsage, type UsageAnswer, type UsageQuestion } from './question.js';

/** How a meter turns the points of a resource into a level. */
export const levelRulesOf = ({ mode, staleAfter, roundRunsUpTo }: Meter): LevelRules => ({
  mode: mode ?? 'level',
  staleAfterMicros: staleAfter === undefined ? undefined : UNIT_MICROS[staleAfter.unit] * BigInt(staleAfter.count),
  runUnitMicros: roundRunsUpTo === undefined ? undefined : UNIT_MICROS[roundRunsUpTo],
});

/** The reference for time-weighted meters: from the events up to the question's end, in their order. */
export function levelAnswer(meter: Meter, question: UsageQuestion, inOrder: readonly MeterEvent[]): UsageAnswer {
  const { from, groupBy } = question;
  const groups = new Map<string, { jumps: LevelJump[]; events: bigint }>();
  const groupAt = (key: string): { jumps: LevelJump[]; events: bigint } => {
    const found = groups.get(key) ?? { jumps: [], events: 0n };
    groups.set(key, found);
    return found;
  };
  if (groupBy === undefined) groupAt('');
  const keyOf = ({ data }: MeterEvent): string | undefined => (passes(question.filter, data) ? groupKeyOf(groupBy, data) : undefined);
  const { byResource, counted } = pointsOf(meter, inOrder, keyOf);
  for (const { time, key } of counted) if (time >= from && key !== undefined) groupAt(key).events += 1n;
  for (const points of byResource.values())
    for (const jump of jumpsOf(points, levelRulesOf(meter))) if (jump.group !== LEFT_OUT) groupAt(jump.group).jumps.push(jump);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { jumps, events }]): GroupUsage => ({ group: groupNamed(groupBy, key), ...integral(meter, question, jumps), events }))
    .filter(({ events, quantity }) => groupBy === undefined || events > 0n || (quantity !== null && !quantity.equals(ZERO)));
}

/** The group of points that the question's filter keeps out: they end what was before, and count for nobody. */
const LEFT_OUT = '\0';

interface Points {
  readonly byResource: ReadonlyMap<string, LevelPoint[]>;
  readonly counted: readonly { readonly time: Instant; readonly key: string | undefined }[];
}

/** The points of each resource; a snapshot sets every resource that it does not list to zero. */
function pointsOf(meter: Meter, inOrder: readonly MeterEvent[], keyOf: (event: MeterEvent) => string | undefined): Points {
  const byResource = new Map<string, LevelPoint[]>();
  const counted: { time: Instant; key: string | undefined }[] = [];
  for (const event of inOrder) {
    const measure = measureOf(meter, event);
    if (measure?.kind === 'snapshot') {
      for (const [resource, points] of byResource)
        if (!measure.running.includes(resource)) points.push({ at: event.time, value: '0', group: '' });
    } else if (measure?.kind === 'point') {
      const points = byResource.get(measure.resource) ?? [];
      byResource.set(measure.resource, points);
      points.push({ at: event.time, value: measure.value, group: keyOf(event) ?? LEFT_OUT });
      counted.push({ time: event.time, key: keyOf(event) });
    }
  }
  return { byResource, counted };
}

/** The integral of the level over [from, to), in the meter's unit, and of what of it lies above `freeConcurrent`. */
function integral(
  meter: Meter,
  { from, to, freeConcurrent }: UsageQuestion,
  jumps: readonly LevelJump[],
): Pick<GroupUsage, 'quantity' | 'billable'> {
  const free = exact(freeConcurrent ?? '0');
  const perUnit = ratio(1n, UNIT_MICROS[meter.unit ?? 'second']);
  const within = jumps
    .filter(({ at }) => at < to)
    .map(({ at, by }) => ({ at: latest(at, from), by: exact(by) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  let [quantity, billable, level, reached] = [ZERO, ZERO, ZERO, from];
  for (const { at, by } of [...within, { at: to, by: ZERO }]) {
    const length = ratio(at - reached, 1n);
    quantity = quantity.add(level.mul(length));
    billable = billable.add((freeConcurrent === undefined ? level : greatest(level.sub(free), ZERO)).mul(length));
    level = level.add(by);
    reached = at;
  }
  return { quantity: quantity.mul(perUnit), billable: billable.mul(perUnit) };
}
