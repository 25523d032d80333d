import fc from 'fast-check';
import { recognizedMinor, type RevenueLine } from './revenue.js';
import { creditedRevenue, voidedRevenue } from './revenue-taken-back.js';

const TODAY = 100;
const atOnce: RevenueLine = { method: 'at_once', amountMinor: 500n, firstDay: 90, days: 1 };
const used: RevenueLine = { method: 'at_service_end', amountMinor: 500n, firstDay: 90, days: 1 };
const ahead: RevenueLine = { method: 'daily', amountMinor: 3_000n, firstDay: 91, days: 30 };
const over: RevenueLine = { method: 'daily', amountMinor: 3_000n, firstDay: 70, days: 30 };
const today = { method: 'at_once', amountMinor: -200n, firstDay: TODAY, days: 1 };

describe('revenue that is credited', () => {
  it.each<{ case: string; line: RevenueLine; is: unknown }>([
    { case: 'of a one-time price is less at once', line: atOnce, is: today },
    { case: 'of usage is less at once, not where it was used', line: used, is: today },
    { case: 'of a service that is not over goes by its days', line: ahead, is: { ...ahead, amountMinor: -200n } },
    { case: 'of a service that is over is less at once', line: over, is: today },
    {
      case: 'of a service whose last day it is goes by its days',
      line: { ...over, days: 31 },
      is: { ...over, days: 31, amountMinor: -200n },
    },
  ])('$case', ({ line, is }) => {
    expect(creditedRevenue(line, 200n, TODAY)).toEqual(is);
  });
});

describe('revenue of a void invoice', () => {
  it.each<{ case: string; line: RevenueLine; is: unknown }>([
    { case: 'of a one-time price is taken back at once', line: atOnce, is: { ...today, amountMinor: -500n } },
    { case: 'of usage is taken back where it was used', line: used, is: { ...used, amountMinor: -500n } },
    { case: 'of a service that is not over goes by its days', line: ahead, is: { ...ahead, amountMinor: -3_000n } },
    {
      case: 'of a service that is over is taken back on its last day, on which it will be earned where it is billed again',
      line: over,
      is: { method: 'at_service_end', amountMinor: -3_000n, firstDay: 99, days: 1 },
    },
    { case: 'of a credit comes back', line: { ...ahead, amountMinor: -900n }, is: { ...ahead, amountMinor: 900n } },
  ])('$case', ({ line, is }) => {
    expect(voidedRevenue(line, TODAY)).toEqual(is);
  });
});

test('from the day of a credit over the whole of a line nothing of it is deferred or recognized any more', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 100_000n }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 0, max: 500 }),
      (amountMinor, days, later) => {
        const line = { method: 'daily', amountMinor, firstDay: TODAY, days } as const;
        const issueDay = TODAY + later;
        const credit = creditedRevenue(line, amountMinor, issueDay);
        for (let day = issueDay; day < issueDay + 40; day += 1) {
          const recognized = recognizedMinor({ ...line, issueDay: TODAY }, day) + recognizedMinor({ ...credit, issueDay }, day);
          expect(recognized).toBe(0n);
        }
      },
    ),
  );
});
