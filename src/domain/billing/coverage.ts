import { earliest, type Instant, latest, type Stretch } from '../instant.js';

/** A step function over time: how often an instant is covered. */
interface Weighted extends Stretch {
  readonly weight: number;
}

export interface Level extends Stretch {
  readonly level: number;
}

/** The sum of weighted stretches as a step function: pieces in order, without gaps between the first start and the last end. */
export function levels(stretches: readonly Weighted[]): Level[] {
  const jumps = new Map<Instant, number>();
  const jump = (at: Instant, by: number): void => void jumps.set(at, (jumps.get(at) ?? 0) + by);
  for (const { start, end, weight } of stretches) {
    if (start >= end) continue;
    jump(start, weight);
    jump(end, -weight);
  }
  const cuts = [...jumps.keys()].sort(byValue);
  const found: Level[] = [];
  let level = 0;
  for (const [i, start] of cuts.entries()) {
    level += jumps.get(start) ?? 0;
    const end = cuts[i + 1];
    if (end !== undefined) found.push({ start, end, level });
  }
  return found;
}

/** What of `whole` lies in none of `taken`, in order. */
export function without(whole: readonly Stretch[], taken: readonly Stretch[]): Stretch[] {
  return taken.reduce<Stretch[]>(
    (left, hole) =>
      left.flatMap((piece) => {
        if (hole.end <= piece.start || piece.end <= hole.start) return [piece];
        return [
          { start: piece.start, end: latest(piece.start, hole.start) },
          { start: earliest(piece.end, hole.end), end: piece.end },
        ].filter((rest) => rest.start < rest.end);
      }),
    [...whole],
  );
}

/** What lies in both, in order. */
export function intersection(a: readonly Stretch[], b: readonly Stretch[]): Stretch[] {
  return a
    .flatMap((x) => b.map((y) => ({ start: latest(x.start, y.start), end: earliest(x.end, y.end) })))
    .filter((piece) => piece.start < piece.end)
    .sort((x, y) => byValue(x.start, y.start));
}

/** Touching stretches as one, in order. */
export function merged(stretches: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const next of [...stretches].sort((x, y) => byValue(x.start, y.start))) {
    const last = found.at(-1);
    if (last !== undefined && next.start <= last.end) found[found.length - 1] = { start: last.start, end: latest(last.end, next.end) };
    else found.push(next);
  }
  return found;
}

const byValue = (a: Instant, b: Instant): number => (a < b ? -1 : a > b ? 1 : 0);
