import fc from 'fast-check';
import { toMinor } from '../../src/domain/currency.js';
import { exact } from '../../src/domain/decimal.js';
import { earnedEntries, invoiceEntries } from '../../src/domain/ledger.js';
import { revenueLines } from '../../src/domain/revenue.js';
import { DAY } from '../../src/domain/instant.js';
import type { BilledLine } from '../../src/domain/billing/line.js';
import { drafted } from '../../src/domain/billing/draft.js';
import { levels } from '../../src/domain/billing/coverage.js';
import { anyStory, bill, type BillingStory, dueInstants, EPOCH, plan, run } from '../support/billing-story.js';
import type { Fact } from '../../src/domain/subscription/facts.js';
import { decideStart } from '../../src/domain/subscription/commands/start.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 200);

/** What was charged, without the order and the invoices in which it was. */
const charged = (lines: readonly BilledLine[]): string[] =>
  lines
    .map(({ slot, kind, amountMinor, servicePeriod, proration }) =>
      [slot, kind, String(amountMinor), String(servicePeriod.start), String(servicePeriod.end), String(proration)].join(' '),
    )
    .sort();

const total = (lines: readonly BilledLine[]): bigint => lines.reduce((sum, line) => sum + line.amountMinor, 0n);

describe('recompute and diff', () => {
  test('a second run at the same instant bills nothing', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        for (const asOf of [EPOCH + 40n * DAY, story.until]) {
          const billed = bill(story, [asOf]);
          expect(run(story, billed, asOf)).toBeUndefined();
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('many small runs bill what one run bills', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const small = bill(story, [...dueInstants(story), story.until]);
        expect(charged(small)).toEqual(charged(bill(story, [story.until])));
      }),
      { numRuns: RUNS },
    );
  });

  test('a run at every due instant leaves nothing for a run between two of them', () => {
    fc.assert(
      fc.property(anyStory, fc.nat(170), (story, day) => {
        const asOf = EPOCH + BigInt(day) * DAY;
        const billed = bill(
          story,
          dueInstants(story).filter((at) => at <= asOf),
        );
        expect(run(story, billed, asOf)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  test('a run as of an instant that later runs have passed bills nothing', () => {
    fc.assert(
      fc.property(anyStory, fc.nat(170), (story, day) => {
        expect(run(story, bill(story, [story.until]), EPOCH + BigInt(day) * DAY)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  test('changes that become known one after the other end at the bill of a history known at once, within one minor unit a line', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const [history] = story.histories;
        if (!history) return;
        const learned = history.facts.reduce<BilledLine[]>((billed, fact, i) => {
          const known: BillingStory = { ...story, histories: [{ ...history, facts: history.facts.slice(0, i + 1) }] };
          const next = history.facts[i + 1]?.effectiveAt ?? story.until;
          const asOfs = [fact.effectiveAt, ...dueInstants(known).filter((at) => at > fact.effectiveAt && at < next)];
          return [...billed, ...billLater(known, billed, asOfs)];
        }, []);
        const all = [...learned, ...billLater(story, learned, [story.until])];
        const once = bill(story, [story.until]);
        const difference = total(all) - total(once);
        expect(difference < 0n ? -difference : difference).toBeLessThanOrEqual(BigInt(all.length + once.length));
        expect(run(story, all, story.until)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  test('the order in which events come, and their repetition, change nothing', () => {
    fc.assert(
      fc.property(anyStory, fc.infiniteStream(fc.nat()), (story, random) => {
        const shuffled = story.events
          .map((event) => ({ event, rank: random.next().value }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ event }) => event);
        expect(charged(bill({ ...story, events: shuffled }, [story.until]))).toEqual(charged(bill(story, [story.until])));
      }),
      { numRuns: RUNS },
    );
  });
});

/** Credit notes of a share of what is left of each charge. */
function noted(lines: readonly BilledLine[], percent: bigint): BilledLine[] {
  return lines.map((line) => {
    if (line.adjusts !== null || line.amountMinor <= 0n) return line;
    const left = line.amountMinor - line.creditNotedMinor - givenBack(lines, line);
    return left <= 0n ? line : { ...line, creditNotedMinor: line.creditNotedMinor + (left * percent) / 100n };
  });
}

const givenBack = (lines: readonly BilledLine[], { id }: BilledLine): bigint =>
  -total(lines.filter((line) => line.adjusts === id && line.amountMinor < 0n));

test('credit notes are not billed again, and what they gave back no later credit gives back', () => {
  fc.assert(
    fc.property(anyStory, fc.constantFrom(0n, 40n, 100n), fc.constantFrom(0n, 70n, 100n), (story, first, second) => {
      const [history] = story.histories;
      if (!history) return;
      let billed: BilledLine[] = [];
      history.facts.forEach((fact, i) => {
        const known: BillingStory = { ...story, histories: [{ ...history, facts: history.facts.slice(0, i + 1) }] };
        const next = history.facts[i + 1]?.effectiveAt ?? story.until;
        const asOfs = [fact.effectiveAt, ...dueInstants(known).filter((at) => at > fact.effectiveAt && at < next)];
        billed = noted([...billed, ...billLater(known, billed, asOfs)], i % 2 === 0 ? first : second);
      });
      billed = [...billed, ...billLater(story, billed, [story.until])];
      expect(run(story, billed, story.until)).toBeUndefined();
      for (const line of billed.filter(({ adjusts, kind }) => adjusts === null && (kind === 'recurring' || kind === 'one_time')))
        expect(line.creditNotedMinor + givenBack(billed, line)).toBeLessThanOrEqual(line.amountMinor);
      for (const slot of new Set(billed.map((line) => line.slot))) {
        const own = billed.filter((line) => line.slot === slot);
        expect(total(own)).toBeGreaterThanOrEqual(own.reduce((sum, line) => sum + line.creditNotedMinor, 0n));
      }
    }),
    { numRuns: RUNS },
  );
});

test('a change of quantity changes no line of usage, nor of a minimum commitment', () => {
  const ofUsage = (lines: readonly BilledLine[]): string[] => charged(lines.filter(({ kind }) => kind === 'metered' || kind === 'minimum'));
  fc.assert(
    fc.property(anyStory, fc.nat(150), (story, day) => {
      const [history] = story.histories;
      if (!history) return;
      const at = history.createdAt + BigInt(day) * DAY + 1n;
      const seq = Math.max(...history.facts.map((fact) => fact.seq)) + 1;
      const changed: Fact = { kind: 'quantity_changed', seq, recordedAt: at, effectiveAt: at, price: 'fee', quantity: '3' };
      const after = { ...story, histories: [{ ...history, facts: [...history.facts, changed] }] };
      expect(ofUsage(bill(after, [story.until]))).toEqual(ofUsage(bill(story, [story.until])));
    }),
    { numRuns: RUNS },
  );
});

describe('coverage', () => {
  test('net of credits, no instant of a recurring price is paid for twice in one slot', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const lines = bill(story, dueInstants(story));
        for (const slot of new Set(lines.filter((line) => line.kind === 'recurring').map((line) => line.slot))) {
          const net = levels(
            lines.filter((line) => line.slot === slot).map((line) => ({ ...line.servicePeriod, weight: line.adjusts === null ? 1 : -1 })),
          );
          const most = story.histories[0]?.facts.some((fact) => fact.kind === 'plan_changed' && fact.proration === 'none') ? 2 : 1;
          for (const piece of net) expect(piece.level).toBeLessThanOrEqual(most);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a period split by changes between equal plans costs what the whole costs, within one minor unit a line', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 27 * 86_400 - 1 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(1_000_000), cuts, fc.constantFrom('second' as const, 'day' as const), (cents, seconds, prorationBasis) => {
        const amount = (cents / 100).toFixed(2);
        const versions = [0, 1].map((n) =>
          plan({ plan: `p${String(n)}`, prorationBasis, prices: [{ key: 'fee', kind: 'recurring', model: 'flat', amount }] }),
        );
        const startsAt = EPOCH;
        const [started] = decideStart(
          { startsAt },
          { plan: versions[0]!, account: { currency: 'USD', timeZone: 'UTC' }, held: [], now: startsAt },
        );
        const changes = [...new Set(seconds)]
          .sort((a, b) => a - b)
          .map((second, i) => ({
            kind: 'plan_changed' as const,
            seq: i + 2,
            effectiveAt: startsAt + BigInt(second) * 1_000_000n,
            recordedAt: startsAt,
            plan: `p${String((i + 1) % 2)}`,
            planVersion: 1,
            quantities: {},
            overrides: null,
            proration: 'prorate' as const,
            anchor: 'keep' as const,
            migration: false,
          }));
        const story: BillingStory = {
          plans: versions,
          histories: [{ id: 's1', createdAt: startsAt, facts: [started, ...changes] }],
          events: [],
          zone: 'UTC',
          until: startsAt + 27n * DAY,
        };
        const lines = bill(story, [story.until]);
        const difference = total(lines) - toMinor(exact(amount), 'USD');
        expect(difference < 0n ? -difference : difference).toBeLessThanOrEqual(BigInt(lines.length));
      }),
      { numRuns: RUNS },
    );
  });
});

test('every invoice adds up, and its journal entries balance', () => {
  fc.assert(
    fc.property(anyStory, fc.bigInt({ min: 0n, max: 20_000n }), (story, balanceMinor) => {
      for (const asOf of dueInstants(story)) {
        const owed = run(
          story,
          bill(
            story,
            dueInstants(story).filter((at) => at < asOf),
          ),
          asOf,
        );
        if (!owed) continue;
        const taxed = owed.lines.map((line) => ({ ...line, taxes: [VAT, INCLUDED] }));
        const invoice = drafted({ currency: 'USD', lines: taxed, balanceMinor, grants: [], billedAt: asOf });
        expect(invoice.totalMinor).toBe(invoice.appliedMinor + invoice.dueMinor - invoice.creditedMinor);
        const { lines, totalMinor, taxMinor } = invoice;
        const revenue = revenueLines({ lines, netMinor: totalMinor - taxMinor, issuedAt: asOf, timeZone: story.zone });
        expect(revenue.reduce((sum, line) => sum + line.amountMinor, 0n)).toBe(totalMinor - taxMinor);
        const entries = [...invoiceEntries(invoice, revenue), ...earnedEntries(revenue, 'USD', asOf).map(({ entry }) => entry)];
        for (const { postings } of entries) expect(postings.reduce((sum, posting) => sum + posting.amountMinor, 0n)).toBe(0n);
      }
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  );
});

const VAT = { key: 'vat', name: 'VAT', rate: '0.19', category: 'S' as const, inclusive: false };
const INCLUDED = { key: 'levy', name: 'Levy', rate: '0.025', category: 'S' as const, inclusive: true };

function billLater(story: BillingStory, billed: readonly BilledLine[], asOfs: readonly bigint[]): BilledLine[] {
  return asOfs.reduce<BilledLine[]>((lines, asOf) => {
    const more = run(story, [...billed, ...lines], asOf)?.lines ?? [];
    return [...lines, ...more.map((line, i) => ({ ...line, id: String(billed.length + lines.length + i), creditNotedMinor: 0n }))];
  }, []);
}
