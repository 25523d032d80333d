import fc from 'fast-check';
import { HOUR, MINUTE } from '../instant.js';
import { difference, jumpsOf, type LevelJump, type LevelPoint, type LevelRules, stepsOfNext } from './levels.js';

const at = (minutes: number): bigint => BigInt(minutes) * MINUTE;
const point = (minutes: number, value: string, group = 'a'): LevelPoint => ({ at: at(minutes), value, group });
const LEVEL: LevelRules = { mode: 'level' };

/** Jumps as minutes and changes, those of one instant and group added up. */
function told(jumps: readonly LevelJump[]): string[] {
  const sums = new Map<string, { at: bigint; group: string; by: number }>();
  for (const { at: when, group, by } of jumps) {
    const key = `${String(when)} ${group}`;
    sums.set(key, { at: when, group, by: (sums.get(key)?.by ?? 0) + Number(by) });
  }
  return [...sums.values()]
    .filter(({ by }) => by !== 0)
    .sort((a, b) => Number(a.at - b.at) || (a.group < b.group ? -1 : 1))
    .map(({ at: when, group, by }) => `${String(when / MINUTE)} ${group} ${by > 0 ? '+' : ''}${String(by)}`);
}

describe('the points of a resource as jumps', () => {
  it.each<{ case: string; points: LevelPoint[]; rules?: Partial<LevelRules>; jumps: string[] }>([
    { case: 'a level holds until the next point', points: [point(0, '2'), point(5, '3')], jumps: ['0 a +2', '5 a +1'] },
    { case: 'zero ends it', points: [point(0, '2'), point(5, '0')], jumps: ['0 a +2', '5 a -2'] },
    { case: 'a point of another group takes it over', points: [point(0, '2'), point(5, '2', 'b')], jumps: ['0 a +2', '5 a -2', '5 b +2'] },
    { case: 'of two points at one instant the last one holds', points: [point(0, '2'), point(0, '5')], jumps: ['0 a +5'] },
    { case: 'a change is added for good', points: [point(0, '2'), point(5, '3')], rules: { mode: 'delta' }, jumps: ['0 a +2', '5 a +3'] },
    {
      case: 'a level that nobody confirms ends by itself',
      points: [point(0, '2'), point(90, '1')],
      rules: { staleAfterMicros: HOUR },
      jumps: ['0 a +2', '60 a -2', '90 a +1', '150 a -1'],
    },
    {
      case: 'a run lasts whole units, over changes within it',
      points: [point(0, '2'), point(5, '3'), point(61, '0')],
      rules: { runUnitMicros: HOUR },
      jumps: ['0 a +2', '5 a +1', '120 a -3'],
    },
    {
      case: 'a run that goes on is not rounded',
      points: [point(0, '2')],
      rules: { runUnitMicros: HOUR },
      jumps: ['0 a +2'],
    },
    {
      case: 'two runs are rounded each by itself, and may overlap',
      points: [point(0, '1'), point(10, '0'), point(20, '1'), point(30, '0')],
      rules: { runUnitMicros: HOUR },
      jumps: ['0 a +1', '20 a +1', '60 a -1', '80 a -1'],
    },
    {
      case: 'a run of whole units stays as it is',
      points: [point(0, '1'), point(60, '0')],
      rules: { runUnitMicros: HOUR },
      jumps: ['0 a +1', '60 a -1'],
    },
  ])('$case', ({ points, rules, jumps }) => {
    expect(told(jumpsOf(points, { ...LEVEL, ...rules }))).toEqual(jumps);
  });
});

const anyPoint = fc.record({
  minutes: fc.nat(600),
  value: fc.constantFrom('0', '0.00', '1', '2.5', '-1'),
  group: fc.constantFrom('a', 'b'),
});
const anyPoints = fc
  .array(anyPoint, { maxLength: 8 })
  .map((points) => points.map(({ minutes, value, group }) => point(minutes, value, group)).sort((a, b) => Number(a.at - b.at)));
const anyRules = fc.record({
  mode: fc.constant('level' as const),
  staleAfterMicros: fc.option(fc.constant(2n * HOUR), { nil: undefined }),
  runUnitMicros: fc.option(fc.constant(HOUR), { nil: undefined }),
});

test('the difference, added to what there was, is what there is', () => {
  fc.assert(
    fc.property(anyPoints, anyPoints, anyRules, (before, after, rules) => {
      const [old, fresh] = [jumpsOf(before, rules), jumpsOf(after, rules)];
      expect(told([...old, ...difference(old, fresh)])).toEqual(told(fresh));
    }),
  );
});

test('the next point adds what the difference says, where only points end a level', () => {
  fc.assert(
    fc.property(anyPoints, fc.constantFrom('0', '1', '3'), fc.constantFrom('a', 'b'), (before, value, group) => {
      const next = point(601, value, group);
      const jumps = stepsOfNext(before.at(-1), next).map((step) => ({
        ...step,
        at: next.at,
        by: String(Number(step.plus) - Number(step.minus)),
      }));
      expect(told(jumps)).toEqual(told(difference(jumpsOf(before, LEVEL), jumpsOf([...before, next], LEVEL))));
    }),
  );
});
