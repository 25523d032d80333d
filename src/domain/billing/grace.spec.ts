import { HOUR, type Instant, parseInstant } from '../instant.js';
import { chargesBefore, graceMicros, graceProblems, heldAt } from './grace.js';
import type { Line } from './line.js';
import { manualLines } from './manual.js';

const T = parseInstant('2026-02-01T00:00:00Z');
const [manual] = manualLines([{ description: 'x', quantity: '1', unitPrice: '1', amount: null, taxes: null, servicePeriod: null }], {
  invoiceId: 'inv_1',
  currency: 'USD',
  at: T,
  taxes: [],
});
const line = (more: Partial<Line>): Line => ({
  ...(manual as Line),
  kind: 'metered',
  subscription: 'sub_1',
  dueAt: more.servicePeriod?.end ?? T,
  servicePeriod: { start: T - 24n * HOUR, end: T },
  ...more,
});
const ending = (end: Instant): Line => line({ servicePeriod: { start: T - 24n * HOUR, end } });

test.each<[string, readonly Line[], Instant, { from: Instant; until: Instant } | undefined]>([
  ['a metered line waits until its grace is over', [line({})], T, { from: T, until: T + HOUR }],
  ['a microsecond before it is over, too', [line({})], T + HOUR - 1n, { from: T, until: T + HOUR }],
  ['at its end no longer', [line({})], T + HOUR, undefined],
  ['the earliest that still waits decides', [ending(T + 9n), ending(T), ending(T - HOUR)], T, { from: T, until: T + HOUR }],
  ['what recurs waits for nothing', [line({ kind: 'recurring' })], T, undefined],
  ['nor does a correction', [line({ kind: 'adjustment', adjusts: 'line_1' })], T, undefined],
  ['nor a line by hand', [manual as Line], T, undefined],
])('%s', (_rule, lines, now, held) => {
  expect(heldAt(lines, HOUR, now)).toEqual(held);
  expect(heldAt(lines, 0n, T + HOUR)).toBeUndefined();
});

test.each<[string, Partial<Line>, boolean]>([
  ['a charge that fell due before', { dueAt: T - 1n }, true],
  ['one that falls due then', { dueAt: T }, false],
  ['a credit', { dueAt: T - 1n, adjusts: 'line_1' }, false],
  ['a line by hand', { dueAt: T - 1n, subscription: null }, false],
])('%s is billed apart from what waits: %s', (_rule, more, apart) => {
  expect(chargesBefore([line(more)], T)).toBe(apart);
});

test('a grace is at most 72 hours', () => {
  expect(graceMicros({ unit: 'minute', count: 90 })).toBe((3n * HOUR) / 2n);
  expect([null, { unit: 'day', count: 3 } as const].map(graceProblems)).toEqual([[], []]);
  expect(graceProblems({ unit: 'hour', count: 73 })).toMatchObject([{ pointer: '/usageGrace', code: 'grace_too_long' }]);
});
