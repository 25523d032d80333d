import fc from 'fast-check';
import { balanceAppliedOf } from '../../src/domain/billing/draft.js';
import { sumOf } from '../../src/domain/billing/grants.js';
import { afterBilling, conclude, prepare } from '../../src/domain/billing/bill.js';
import { DAY, HOUR, parseInstant } from '../../src/domain/instant.js';
import { type Entry, invoiceEntries, LEDGER_ACCOUNTS } from '../../src/domain/ledger.js';
import { revenueLines } from '../../src/domain/revenue.js';
import { simulate, type SimulatedInvoice, type Step, type Story } from '../../src/domain/simulation.js';
import { anyStory, dueInstants, facts, plan } from '../support/billing-story.js';

const entriesOf = (invoice: SimulatedInvoice): Entry[] => {
  const { lines, totalMinor, taxMinor, at } = invoice;
  return invoiceEntries(invoice, revenueLines({ lines, netMinor: totalMinor - taxMinor, issuedAt: at, timeZone: 'UTC' }));
};

const T0 = parseInstant('2026-01-01T00:00:00Z');
const fee = (amount: string) => ({
  key: 'base',
  kind: 'recurring' as const,
  model: 'flat' as const,
  amount,
  billing: 'in_advance' as const,
});
const PLANS = [
  plan({ plan: 'small', interval: { unit: 'day', count: 5 }, prices: [fee('10.00')] }),
  plan({ plan: 'large', interval: { unit: 'day', count: 5 }, prices: [fee('40.00')] }),
];

const moment = fc.record({ day: fc.nat(40), hour: fc.nat(23) }).map(({ day, hour }) => T0 + BigInt(day) * DAY + BigInt(hour) * HOUR);

const anyGrantStep = fc
  .record({
    at: moment,
    cents: fc.integer({ min: 1, max: 6000 }),
    kind: fc.constantFrom('paid' as const, 'promotional' as const),
    priority: fc.nat(2),
    days: fc.option(fc.integer({ min: 1, max: 20 })),
  })
  .map(({ at, cents, kind, priority, days }) => ({
    at,
    do: 'credit-grant' as const,
    amount: (cents / 100).toFixed(2),
    kind,
    priority,
    expiresAt: days === null ? null : at + BigInt(days) * DAY,
  }));

/** Up and down in turn, so that some invoices come to less than nothing. */
const anyChanges = fc.uniqueArray(moment, { maxLength: 5 }).map((instants) =>
  instants
    .sort((a, b) => (a < b ? -1 : 1))
    .map((at, i): Step => ({
      at,
      do: 'change',
      subscription: 's',
      action: { action: 'change-plan', plan: i % 2 === 0 ? 'large' : 'small', when: 'now' },
    })),
);

const story = (steps: readonly Step[]): Story => ({
  account: { currency: 'USD', timeZone: 'UTC', taxes: [{ key: 'vat', name: 'VAT', rate: '0.19', category: 'S', inclusive: false }] },
  meters: [],
  plans: PLANS,
  coupons: [],
  steps: [{ at: T0, do: 'subscribe', as: 's', plan: 'small', command: {} }, ...steps],
  until: T0 + 50n * DAY,
});

const paidBy = (invoices: readonly SimulatedInvoice[], grant: string): bigint =>
  sumOf(invoices.flatMap((invoice) => invoice.grantsApplied).filter((one) => one.grant === grant));

test('in any story, grants pay before the balance and before the customer, and only in their lives', () => {
  fc.assert(
    fc.property(fc.array(anyGrantStep, { maxLength: 8 }), anyChanges, (grants, changes) => {
      const invoices = simulate(story([...grants, ...changes]));
      const granted = [...grants]
        .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
        .map((step, i) => ({ ...step, id: `grant_${String(i + 1)}`, amountMinor: BigInt(step.amount.replace('.', '')) }));
      let balance = 0n;
      for (const invoice of invoices) {
        const { totalMinor, appliedMinor, dueMinor, creditedMinor, grantsApplied, at } = invoice;
        expect(totalMinor).toBe(appliedMinor + dueMinor - creditedMinor);
        for (const { postings } of entriesOf(invoice))
          expect(postings.reduce((total, posting) => total + posting.amountMinor, 0n)).toBe(0n);
        const before = invoices.slice(0, invoices.indexOf(invoice));
        const left = granted
          .filter((one) => one.at <= at && (one.expiresAt === null || at < one.expiresAt))
          .reduce((total, one) => total + one.amountMinor - paidBy(before, one.id), 0n);
        const charged = totalMinor > 0n ? totalMinor : 0n;
        expect(sumOf(grantsApplied)).toBe(left < charged ? left : charged);
        for (const one of grantsApplied) {
          const { at: from, expiresAt } = granted.find(({ id }) => id === one.grant) ?? { at: at + 1n, expiresAt: null };
          expect(from <= at && (expiresAt === null || at < expiresAt)).toBe(true);
        }
        const unpaid = charged - sumOf(grantsApplied);
        expect(balanceAppliedOf(invoice)).toBe(balance < unpaid ? balance : unpaid);
        balance += creditedMinor - balanceAppliedOf(invoice);
      }
      for (const { id, amountMinor } of granted) expect(paidBy(invoices, id)).toBeLessThanOrEqual(amountMinor);
    }),
    { numRuns: 60 },
  );
});

test('billed twice at one instant, nothing more is applied', () => {
  const grants = [{ id: 'g', kind: 'paid' as const, priority: 50, expiresAt: null, createdAt: 0n, remainingMinor: 3_000n }];
  fc.assert(
    fc.property(anyStory, (told) => {
      const [asOf] = dueInstants(told);
      if (asOf === undefined) return;
      const before = { ...facts(told), grants };
      const prepared = prepare(before, asOf);
      const invoice = prepared.questions.length === 0 ? conclude(prepared, []) : undefined;
      if (!invoice) return;
      const after = afterBilling(
        before,
        invoice,
        invoice.lines.map((_line, i) => `l${String(i)}`),
      );
      expect(after.grants.map((one) => one.remainingMinor)).toEqual([3_000n - sumOf(invoice.grantsApplied)]);
      expect(conclude(prepare(after, asOf), [])).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test('paid grants take from a liability, promotional ones from what was earned, the balance from the customer', () => {
  const at = (day: number): bigint => T0 + BigInt(day) * DAY;
  const [first, second] = simulate(
    story([
      { at: T0, do: 'credit-grant', amount: '3.00', kind: 'promotional', priority: 9, expiresAt: at(5) },
      { at: T0, do: 'credit-grant', amount: '5.00', kind: 'paid', priority: 1, expiresAt: null },
      { at: at(5), do: 'credit-grant', amount: '1.00', kind: 'promotional', expiresAt: null },
    ]),
  );
  const postings = [first, second].map((invoice) =>
    invoice === undefined
      ? []
      : entriesOf(invoice)
          .filter(({ purpose }) => purpose === 'grants_applied')
          .flatMap((entry) => entry.postings.map((posting) => [posting.ledgerAccount, posting.amountMinor])),
  );
  expect(postings).toEqual([
    [
      ['prepaid_credits', 500n],
      ['promotional_credits', 300n],
      ['accounts_receivable', -800n],
    ],
    [
      ['promotional_credits', 100n],
      ['accounts_receivable', -100n],
    ],
  ]);
  for (const [account] of postings.flat()) expect(Object.keys(LEDGER_ACCOUNTS)).toContain(account);
});
