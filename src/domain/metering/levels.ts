import type { Instant } from '../instant.js';

/** What the level of one resource was set to, or (`delta`) changed by, at an instant. */
export interface LevelPoint {
  readonly at: Instant;
  /** An exact decimal, as text: nothing here calculates with it. */
  readonly value: string;
  /** Whose usage the level is, from here on. */
  readonly group: string;
}

/** How much the level of a group changes at an instant. */
export interface LevelJump {
  readonly at: Instant;
  readonly group: string;
  /** An exact decimal, as text. */
  readonly by: string;
}

export interface LevelRules {
  readonly mode: 'level' | 'delta';
  /** A level ends that many microseconds after its point, where no later point of the resource has come by then. */
  readonly staleAfterMicros?: bigint | undefined;
  /** Every run of a resource, from when it is above nothing until it is not, lasts whole units of that many microseconds. */
  readonly runUnitMicros?: bigint | undefined;
}

interface Segment {
  readonly start: Instant;
  /** Null while nothing has ended it. */
  readonly end: Instant | null;
  readonly value: string;
  readonly group: string;
}

/**
 * The jumps that the points of one resource amount to. A level holds from its point until the next one; of several points at one instant
 * the last one holds. A change (`delta`) holds for good. Points come in order: by time, then as events do.
 */
export function jumpsOf(points: readonly LevelPoint[], rules: LevelRules): LevelJump[] {
  if (rules.mode === 'delta') return points.filter(({ value }) => !isZero(value)).map(({ at, group, value }) => ({ at, group, by: value }));
  const segments = segmentsOf(points, rules.staleAfterMicros);
  const rounded = rules.runUnitMicros === undefined ? segments : withWholeRuns(segments, rules.runUnitMicros);
  return rounded.flatMap(({ start, end, value, group }) => {
    const begins = { at: start, group, by: value };
    return end === null ? [begins] : [begins, { at: end, group, by: negated(value) }];
  });
}

/** How the level of a group changes at an instant: by what is added less what is taken away, both exact decimals, as text. */
export interface LevelStep {
  readonly group: string;
  readonly plus: string;
  readonly minus: string;
}

/**
 * What a point behind the last one of its resource adds, where nothing but a next point ends a level: the same as `difference` of the jumps
 * with it and without, for the way that nearly all points come. One step of the point's own group, and before it one of the last point's
 * where that was another group.
 */
export function stepsOfNext(
  last: Pick<LevelPoint, 'value' | 'group'> | undefined,
  { value, group }: Pick<LevelPoint, 'value' | 'group'>,
): LevelStep[] {
  if (last === undefined) return [{ group, plus: value, minus: '0' }];
  if (last.group === group) return [{ group, plus: value, minus: last.value }];
  return [
    { group: last.group, plus: '0', minus: last.value },
    { group, plus: value, minus: '0' },
  ];
}

/** What must be added to jumps that were written for the points as they were, so that they say what they are now. */
export function difference(before: readonly LevelJump[], after: readonly LevelJump[]): LevelJump[] {
  const counts = new Map<string, { readonly jump: LevelJump; count: number }>();
  const count = (jump: LevelJump, by: number): void => {
    const key = `${jump.at.toString()} ${jump.by} ${jump.group}`;
    const found = counts.get(key) ?? { jump, count: 0 };
    found.count += by;
    counts.set(key, found);
  };
  for (const jump of after) count(jump, 1);
  for (const jump of before) count(jump, -1);
  return [...counts.values()].flatMap(({ jump, count: times }) =>
    Array.from({ length: Math.abs(times) }, () => (times > 0 ? jump : { ...jump, by: negated(jump.by) })),
  );
}

export const isZero = (decimal: string): boolean => /^-?0(?:\.0*)?$/.test(decimal);

export const negated = (decimal: string): string => (decimal.startsWith('-') ? decimal.slice(1) : `-${decimal}`);

/** Stretches in which the resource has a level that is not zero, in order. */
function segmentsOf(points: readonly LevelPoint[], staleAfterMicros: bigint | undefined): Segment[] {
  const last = points.filter((point, i) => points[i + 1]?.at !== point.at);
  return last.flatMap(({ at, value, group }, i) => {
    if (isZero(value)) return [];
    const next = last[i + 1]?.at ?? null;
    const stale = staleAfterMicros === undefined ? null : at + staleAfterMicros;
    const end = next !== null && stale !== null ? (next < stale ? next : stale) : (next ?? stale);
    return [{ start: at, end, value, group }];
  });
}

/** The last stretch of each run is drawn out until the run has lasted whole units. */
function withWholeRuns(segments: readonly Segment[], unit: bigint): Segment[] {
  let runStart: Instant = 0n;
  return segments.map((segment, i) => {
    const before = segments[i - 1];
    if (before?.end !== segment.start) runStart = segment.start;
    if (segment.end === null || segments[i + 1]?.start === segment.end) return segment; // the run goes on
    const units = (segment.end - runStart + unit - 1n) / unit;
    return { ...segment, end: runStart + units * unit };
  });
}
