import fc from 'fast-check';
import { DAY, type Instant, parseInstant } from '../instant.js';
import { afterBurnDown, burnDown, type CreditGrant, type GrantApplication, sumOf } from './grants.js';

const T0 = parseInstant('2026-01-01T00:00:00Z');
const day = (n: number): Instant => T0 + BigInt(n) * DAY;

const grant = (id: string, more: Partial<CreditGrant> = {}): CreditGrant => ({
  id,
  kind: 'paid',
  priority: 50,
  expiresAt: null,
  createdAt: T0,
  remainingMinor: 10n,
  ...more,
});
const names = (applied: readonly GrantApplication[]): string[] => applied.map((one) => one.grant);

describe('the order in which grants are burnt down', () => {
  test.each<[string, CreditGrant, CreditGrant]>([
    ['the lower priority number first', grant('b', { priority: 1 }), grant('a', { priority: 2, kind: 'promotional', expiresAt: day(1) })],
    ['then promotional before paid', grant('b', { kind: 'promotional' }), grant('a', { expiresAt: day(1) })],
    [
      'then the earlier expiry',
      grant('b', { expiresAt: day(9), createdAt: day(0) }),
      grant('a', { expiresAt: day(10), createdAt: day(-1) }),
    ],
    ['then one that expires before one that does not', grant('b', { expiresAt: day(9) }), grant('a', { createdAt: day(-1) })],
    ['then the older', grant('b', { createdAt: day(-2) }), grant('a', { createdAt: day(-1) })],
    ['then the lower id', grant('a'), grant('b')],
  ])('%s', (_rule, first, second) => {
    const at = T0;
    for (const grants of [
      [first, second],
      [second, first],
    ])
      expect(names(burnDown(grants, 15n, at))).toEqual([first.id, second.id]);
    expect(burnDown([second, first], 15n, at).map((one) => one.amountMinor)).toEqual([10n, 5n]);
    expect(names(burnDown([second, first], 10n, at))).toEqual([first.id]);
  });
});

test.each<[string, bigint, boolean]>([
  ['a microsecond before its expiry a grant pays', -1n, true],
  ['at its expiry it pays nothing', 0n, false],
  ['nor after it', 1n, false],
])('%s', (_rule, later, pays) => {
  expect(burnDown([grant('a', { expiresAt: T0 })], 5n, T0 + later)).toHaveLength(pays ? 1 : 0);
});

test.each([0n, -5n])('%s to pay is paid by no grant', (amountMinor) => {
  expect(burnDown([grant('a')], amountMinor, T0)).toEqual([]);
});

const anyGrant = fc.record({
  kind: fc.constantFrom('paid' as const, 'promotional' as const),
  priority: fc.nat(2),
  expiresAt: fc.option(fc.integer({ min: 1, max: 12 }).map(day)),
  createdAt: fc.nat(3).map((n) => day(-n)),
  remainingMinor: fc.bigInt({ min: 1n, max: 50n }),
});
const anyGrants = fc.array(anyGrant, { maxLength: 6 }).map((all) => all.map((one, i): CreditGrant => ({ ...one, id: `g${String(i)}` })));
const anyBills = fc
  .array(fc.record({ at: fc.nat(14).map(day), amountMinor: fc.bigInt({ min: -20n, max: 60n }) }), { maxLength: 8 })
  .map((bills) => bills.sort((a, b) => (a.at < b.at ? -1 : 1)));

test('over any bills, what each grant paid and what is left of it are what was granted, and it paid only in its life', () => {
  fc.assert(
    fc.property(anyGrants, anyBills, (granted, bills) => {
      let left: readonly CreditGrant[] = granted;
      const paid = new Map(granted.map(({ id }) => [id, 0n]));
      for (const { at, amountMinor } of bills) {
        const applied = burnDown(left, amountMinor, at);
        const alive = left.filter(({ expiresAt, remainingMinor }) => remainingMinor > 0n && (expiresAt === null || at < expiresAt));
        const held = alive.reduce((total, { remainingMinor }) => total + remainingMinor, 0n);
        const toPay = amountMinor < 0n ? 0n : amountMinor;
        expect(sumOf(applied)).toBe(held < toPay ? held : toPay);
        for (const one of applied) {
          expect(one.amountMinor).toBeGreaterThan(0n);
          expect(alive.map(({ id }) => id)).toContain(one.grant);
          paid.set(one.grant, (paid.get(one.grant) ?? 0n) + one.amountMinor);
        }
        const last = applied.at(-1);
        for (const one of applied)
          // only the last one may keep something
          if (one !== last) expect(one.amountMinor).toBe(alive.find(({ id }) => id === one.grant)?.remainingMinor);
        left = afterBurnDown(left, applied);
      }
      for (const { id, remainingMinor } of left) {
        expect(remainingMinor).toBeGreaterThanOrEqual(0n);
        expect((paid.get(id) ?? 0n) + remainingMinor).toBe(granted.find((one) => one.id === id)?.remainingMinor);
      }
    }),
  );
});

test('the order in which grants are given to it does not matter', () => {
  fc.assert(
    fc.property(
      anyGrants.chain((grants) => fc.tuple(fc.constant(grants), fc.shuffledSubarray(grants, { minLength: grants.length }))),
      fc.bigInt({ min: 0n, max: 200n }),
      ([grants, shuffled], amountMinor) => {
        expect(burnDown(shuffled, amountMinor, T0)).toEqual(burnDown(grants, amountMinor, T0));
      },
    ),
  );
});
