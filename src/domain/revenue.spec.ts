import fc from 'fast-check';
import { bookDay, lastDayOver, lastInstantOf, monthAfter, monthOf, monthsBetween, startOfMonth } from './books.js';
import type { Line } from './billing/line.js';
import { DAY, parseInstant } from './instant.js';
import { earnedEntries } from './ledger.js';
import { deferredMinor, recognizedMinor, revenueLines } from './revenue.js';

const at = (text: string): bigint => parseInstant(text);
const day = (date: string): number => bookDay(at(`${date}T00:00:00Z`));

const line = (amountMinor: bigint, start: string, end: string, more: Partial<Line> = {}): Line =>
  ({
    kind: 'recurring',
    amountMinor,
    servicePeriod: { start: at(start), end: at(end) },
    discounts: [],
    taxes: [],
    ...more,
  }) as unknown as Line;

const revenueOf = (
  lines: readonly Line[],
  issuedAt: string,
  { timeZone = 'UTC', netMinor = lines.reduce((sum, one) => sum + one.amountMinor, 0n) } = {},
) => revenueLines({ lines, netMinor, issuedAt: at(issuedAt), timeZone });

describe('when a line is revenue', () => {
  const [start, end] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'];
  test.each<[string, Line, string, string, object]>([
    [
      'what is paid in advance: over the days of its service',
      line(3100n, start, end),
      start,
      'UTC',
      { method: 'daily', firstDay: day('2026-01-01'), days: 31 },
    ],
    [
      'the day of an end belongs to what comes after it',
      line(3100n, '2026-01-10T09:00:00Z', '2026-01-20T17:00:00Z'),
      '2026-01-10T09:00:00Z',
      'UTC',
      { method: 'daily', firstDay: day('2026-01-10'), days: 10 },
    ],
    [
      'a service within one day is of that day',
      line(3100n, '2026-01-10T09:00:00Z', '2026-01-10T17:00:00Z'),
      '2026-01-10T09:00:00Z',
      'UTC',
      { method: 'daily', firstDay: day('2026-01-10'), days: 1 },
    ],
    [
      'days are those of the account',
      line(3100n, '2026-01-01T08:00:00Z', '2026-02-01T08:00:00Z'),
      '2026-01-01T08:00:00Z',
      'America/Los_Angeles',
      { method: 'daily', firstDay: day('2026-01-01'), days: 31 },
    ],
    [
      'usage: on the last day of its service',
      line(3100n, start, end, { kind: 'metered' }),
      end,
      'UTC',
      { method: 'at_service_end', firstDay: day('2026-01-31'), days: 1 },
    ],
    [
      'usage of January in Los Angeles is of January',
      line(3100n, '2026-01-01T08:00:00Z', '2026-02-01T08:00:00Z', { kind: 'metered' }),
      '2026-02-01T08:00:00Z',
      'America/Los_Angeles',
      { method: 'at_service_end', firstDay: day('2026-01-31'), days: 1 },
    ],
    [
      'a price in arrears: the same',
      line(3100n, start, end),
      end,
      'UTC',
      { method: 'at_service_end', firstDay: day('2026-01-31'), days: 1 },
    ],
    [
      'a one-time price: at once',
      line(500n, start, start, { kind: 'one_time' }),
      '2026-01-03T00:00:00Z',
      'UTC',
      { method: 'at_once', firstDay: day('2026-01-03'), days: 1 },
    ],
    [
      'the credit of a rest: over the days of the rest',
      line(-2100n, '2026-01-11T00:00:00Z', end),
      '2026-01-11T00:00:00Z',
      'UTC',
      { method: 'daily', firstDay: day('2026-01-11'), days: 21 },
    ],
  ])('%s', (_name, one, issuedAt, timeZone, wanted) => {
    expect(revenueOf([one], issuedAt, { timeZone })).toEqual([{ ...wanted, amountMinor: one.amountMinor }]);
  });

  test('amounts are without discounts and included taxes, and add up to the net total', () => {
    const taxes = [{ key: 'vat', name: 'VAT', rate: '0.20', category: 'S' as const, inclusive: true }];
    const lines = [1n, 2n, 3n].map(() => line(1000n, start, end, { taxes, discounts: [{ coupon: 'c', amountMinor: 1n }] }));
    expect(revenueOf(lines, start, { netMinor: 2498n }).map((one) => one.amountMinor)).toEqual([832n, 833n, 833n]); // 3 x 832.5
  });

  test('usage is earned by the end of its last day, and not after it was billed', () => {
    const usage = revenueOf([line(100n, start, end, { kind: 'metered' })], end);
    expect(earnedEntries(usage, 'USD', at(end)).map((earned) => earned.at)).toEqual([lastInstantOf(day('2026-01-31'))]);
    expect(earnedEntries(usage, 'USD', at('2026-01-31T15:00:00Z')).map((earned) => earned.at)).toEqual([at('2026-01-31T15:00:00Z')]); // Tokyo
  });
});

describe('day by day', () => {
  test.each<[string, bigint, number, number, bigint[]]>([
    ['a round amount', 300n, 0, 3, [100n, 200n, 300n, 300n]],
    ['what does not divide is rounded from the beginning', 100n, 0, 3, [33n, 67n, 100n, 100n]],
    ['halves go away from zero', 1n, 0, 2, [1n, 1n, 1n, 1n]],
    ['a credit mirrors a charge', -100n, 0, 3, [-33n, -67n, -100n, -100n]],
    ['what was billed late is made up for', 300n, 1, 3, [0n, 200n, 300n, 300n]],
    ['also after its last day', 300n, 3, 3, [0n, 0n, 0n, 300n]],
  ])('%s', (_name, amountMinor, issueDay, days, wanted) => {
    expect(wanted.map((_minor, i) => recognizedMinor({ amountMinor, issueDay, firstDay: 0, days }, i))).toEqual(wanted);
  });

  const deferral = fc.record({
    amountMinor: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    issueDay: fc.integer({ min: -10, max: 420 }),
    firstDay: fc.integer({ min: -10, max: 30 }),
    days: fc.integer({ min: 1, max: 400 }),
  });

  test('the days add up to the amount exactly, no day against its direction and none a unit away from its share', () => {
    fc.assert(
      fc.property(deferral, (one) => {
        let sum = 0n;
        for (let through = -20; through <= 440; through += 1) {
          const recognized = recognizedMinor(one, through);
          const part = recognized - sum;
          expect(one.amountMinor >= 0n ? part >= 0n : part <= 0n).toBe(true);
          if (through > Math.max(one.issueDay, one.firstDay) && through < one.firstDay + one.days) {
            const share = one.amountMinor / BigInt(one.days);
            expect(part - share <= 1n && share - part <= 1n).toBe(true);
          }
          sum = recognized;
        }
        expect(sum).toBe(one.amountMinor);
      }),
      { numRuns: 50 },
    );
  });

  test('what is deferred is what was billed less what the days recognized', () => {
    fc.assert(
      fc.property(fc.array(deferral, { maxLength: 5 }), fc.integer({ min: -20, max: 440 }), (all, through) => {
        const lines = all.map((one) => ({ ...one, issuedAt: BigInt(one.issueDay) * DAY }));
        const asOf = lastInstantOf(through);
        const billed = lines.filter((one) => one.issuedAt <= asOf);
        const recognized = billed.reduce((sum, one) => sum + recognizedMinor(one, through), 0n);
        expect(deferredMinor(lines, asOf)).toBe(billed.reduce((sum, one) => sum + one.amountMinor, 0n) - recognized);
      }),
    );
  });
});

describe('the time of the books', () => {
  test('a day is over with its last instant', () => {
    expect(lastDayOver(at('2026-01-31T23:59:59.999998Z'))).toBe(day('2026-01-30'));
    expect(lastDayOver(at('2026-01-31T23:59:59.999999Z'))).toBe(day('2026-01-31'));
    expect(lastDayOver(at('2026-02-01T00:00:00Z'))).toBe(day('2026-01-31'));
    expect(bookDay(-1n)).toBe(-1);
  });

  test('months follow each other over the years', () => {
    expect(monthsBetween('2025-11', '2026-02')).toEqual(['2025-11', '2025-12', '2026-01', '2026-02']);
    expect(monthAfter('2026-01', -13)).toBe('2024-12');
    expect(monthsBetween('2026-02', '2026-01')).toEqual([]);
    expect(monthOf(startOfMonth('2026-02') - 1n)).toBe('2026-01');
  });
});
