import fc from 'fast-check';
import { levels } from '../../../src/domain/billing/coverage.js';
import { latest } from '../../../src/domain/instant.js';
import { Account, unlessRefused } from './account.js';
import { anyWholePeriods, type Moved, netOf, paidFor, type WholePeriods } from './whole-periods.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100);

test('without proration whole periods are paid, by the plan that is held when they begin, and none comes back', () => {
  fc.assert(
    fc.property(anyWholePeriods, (scenario) => {
      const account = new Account(scenario);
      const moves: Moved[] = [];
      for (const move of scenario.moves) {
        account.advanceTo(account.ahead(move.gap));
        moved(account, scenario, move, moves);
        account.bill();
        expect(netOf(account.lines)).toEqual(paidFor(scenario, moves, account.now));
        for (const slot of new Set(account.lines.map((line) => line.slot))) expect(mostCovered(account, slot)).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: RUNS },
  );
});

function moved(account: Account, { startsAt }: WholePeriods, { to }: WholePeriods['moves'][number], moves: Moved[]): void {
  const at = latest(account.now, startsAt);
  const done: Moved =
    'endsIn' in to
      ? { at, plan: null, endsAt: account.after(at, to.endsIn), knownAt: account.now }
      : { at, plan: account.planOf(to.plan), reset: to.reset };
  const facts = unlessRefused(() =>
    account.decided(
      0,
      done.plan
        ? { action: 'change-plan', plan: done.plan, proration: 'none', ...(done.reset && { anchor: 'reset' }) }
        : { action: 'cancel', when: done.endsAt, proration: 'none' },
    ),
  );
  if (!facts) return;
  account.histories = account.with(0, facts);
  moves.push(done);
}

function mostCovered({ lines }: Account, slot: string): number {
  const weighted = lines
    .filter((line) => line.slot === slot)
    .map((line) => ({ ...line.servicePeriod, weight: line.adjusts === null ? 1 : -1 }));
  return Math.max(0, ...levels(weighted).map(({ level }) => level));
}
