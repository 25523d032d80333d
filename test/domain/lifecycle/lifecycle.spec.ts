import fc from 'fast-check';
import type { Draft } from '../../../src/domain/billing/draft.js';
import type { Instant } from '../../../src/domain/instant.js';
import { statusAt } from '../../../src/domain/subscription/lifecycle.js';
import { Account } from './account.js';
import { closed, lived, tried } from './living.js';
import { coverageFaults, isInPauseOfNoDays, ordinalFaults, positionFaults, totalFaults } from './laws.js';
import { type State, stateAt } from './life.js';
import { anyScenario, type Scenario } from './scenario.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100);

/** Holds for every account, whatever is tried with it. */
function always(law: (scenario: Scenario) => void): void {
  fc.assert(fc.property(anyScenario, law), { numRuns: RUNS });
}

/** What an invoice charges, in the order of its lines. */
const amounts = (draft: Draft | undefined): string[] =>
  (draft?.lines ?? []).map(({ slot, slotSeq, amountMinor }) => `${slot} ${String(slotSeq)}: ${String(amountMinor)}`);

const subtotal = (draft: Draft | undefined): bigint => draft?.subtotalMinor ?? 0n;

test('a subscription is in the state that what was accepted puts it in, goes forward only, and its past stays', () => {
  always((scenario) => {
    const seen = new Map<Instant, State[]>();
    const account = lived(scenario, ({ lives, histories, now }) => {
      const states = lives.map((life) => stateAt(life, now));
      expect(histories.map((history) => statusAt(history, now))).toEqual(states);
      seen.set(now, states);
    });
    for (const [at, states] of seen)
      expect(account.histories.slice(0, states.length).map((history) => statusAt(history, at))).toEqual(states);
    for (const i of account.lives.keys()) {
      const ranks = [...seen.values()].flatMap((states) => (states[i] === undefined ? [] : [RANKS[states[i]]]));
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    }
  });
});

/** A trial's end may be a pause's begin: a pause may be planned for it, and a trial may be extended over a planned pause. */
const RANKS: Readonly<Record<State, number>> = { scheduled: 0, trialing: 1, active: 2, paused: 2, canceled: 3 };

test('whatever is held is covered once and nothing else is, and over a life it costs what was held, within one minor unit a line', () => {
  always((scenario) => {
    let seen = 0;
    const account = lived(scenario, (current, isBilled) => {
      expect(isBilled ? coverageFaults(current) : []).toEqual([]);
      expect(ordinalFaults(current, current.lines.slice(seen))).toEqual([]);
      seen = current.lines.length;
    });
    closed(account);
    expect(coverageFaults(account)).toEqual([]);
    expect(totalFaults(account)).toEqual([]);
    expect(positionFaults(account.lines)).toEqual([]);
  });
});

test('a further run bills nothing, at no instant up to the next due one', () => {
  always((scenario) => {
    lived(scenario, (account, isBilled) => {
      if (!isBilled) return;
      const { now } = account;
      const between = (account.nextDue() ?? now) - 1n;
      for (const asOf of [now, (now + scenario.startsAt) / 2n, between > now ? between : now])
        if (asOf >= now || !isInPauseOfNoDays(account, asOf)) expect(amounts(account.draft(asOf))).toEqual([]);
    });
  });
});

test('a preview of an action, and of the next due instant, is what is billed then', () => {
  always((scenario) => {
    let upcoming: { at: Instant; bill: string[] } | undefined;
    const look = (account: Account): void => {
      const at = account.nextDue();
      upcoming = at === undefined ? undefined : { at, bill: amounts(account.draft(at)) };
    };
    const account = new Account(scenario);
    look(account);
    for (const step of scenario.steps) {
      account.advanceTo(account.ahead(step.gap), (billed) => {
        expect({ at: account.now, bill: amounts(billed) }).toEqual(upcoming);
        look(account);
      });
      const decided = tried(account, step);
      const preview = amounts(account.draft(account.now, decided?.histories));
      decided?.accept();
      expect(amounts(account.bill())).toEqual(preview);
      look(account);
    }
  });
});

test('a preview of the far future is what all runs up to it bill, within one minor unit a line', () => {
  always((scenario) => {
    const account = lived(scenario);
    account.bill();
    const horizon = account.ahead({ kind: 'part', percent: 250 });
    const preview = account.draft(horizon);
    const before = account.lines.length;
    let billed = 0n;
    account.advanceTo(horizon, (draft) => (billed += subtotal(draft)));
    billed += subtotal(account.bill());
    const off = billed - subtotal(preview);
    expect(off < 0n ? -off : off).toBeLessThanOrEqual(BigInt(account.lines.length - before));
  });
});
