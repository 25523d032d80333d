import fc from 'fast-check';
import { parseInstant } from '../instant.js';
import { drafted } from './draft.js';
import { type ManualLine, manualLines, refuseBelowZero } from './manual.js';
import { manualLineProblems } from './manual-rules.js';

const at = parseInstant('2026-02-01T00:00:00Z');
const given = (more: Partial<ManualLine>): ManualLine => ({
  description: 'Work',
  quantity: '1',
  unitPrice: null,
  amount: null,
  taxes: null,
  servicePeriod: null,
  ...more,
});
const linesOf = (lines: readonly ManualLine[], currency = 'USD') => manualLines(lines, { invoiceId: 'inv_1', currency, at, taxes: [] });

test.each([
  ['an amount stands as it is', { amount: '12.34' }, 'USD', 1_234n],
  ['a quantity at a unit price is rounded once, half away from zero', { quantity: '0.5', unitPrice: '0.01' }, 'USD', 1n],
  ['below zero, too', { quantity: '0.5', unitPrice: '-0.01' }, 'USD', -1n],
  ["by the currency's own decimals", { quantity: '3', unitPrice: '0.5' }, 'JPY', 2n],
  ['and a quarter of a cent is nothing', { quantity: '1', unitPrice: '0.0025' }, 'USD', 0n],
])('%s', (_rule, more, currency, amountMinor) => {
  expect(linesOf([given(more)], currency)).toMatchObject([{ amountMinor, subscription: null, adjusts: null, kind: 'adjustment' }]);
});

test('any lines are billed once each, and add up to the invoice', () => {
  const anyAmount = fc
    .integer({ min: -99_999, max: 99_999 })
    .map((cents) => `${cents < 0 ? '-' : ''}${(Math.abs(cents) / 100).toFixed(2)}`);
  fc.assert(
    fc.property(fc.array(anyAmount, { minLength: 1, maxLength: 8 }), fc.bigInt({ min: 0n, max: 50_000n }), (amounts, balanceMinor) => {
      const lines = linesOf(amounts.map((amount) => given({ amount })));
      expect(new Set(lines.map(({ slot, slotSeq }) => `${slot} ${String(slotSeq)}`)).size).toBe(lines.length);
      const bill = drafted({ currency: 'USD', lines, balanceMinor, grants: [], billedAt: at });
      expect(bill.totalMinor).toBe(lines.reduce((total, { amountMinor }) => total + amountMinor, 0n));
      expect(bill.totalMinor).toBe(bill.appliedMinor + bill.dueMinor - bill.creditedMinor);
      const refused = (): void => {
        refuseBelowZero(bill);
      };
      if (bill.totalMinor < 0n) expect(refused).toThrow(/total_below_zero/);
      else expect(refused).not.toThrow();
    }),
  );
});

test.each([
  ['neither price nor amount', {}, '/lines/0'],
  ['both', { unitPrice: '1', amount: '1' }, '/lines/0'],
  ['a quantity of an amount', { amount: '1', quantity: '2' }, '/lines/0/quantity'],
  ['a quantity of nothing', { unitPrice: '1', quantity: '0' }, '/lines/0/quantity'],
  ['a price with 13 decimals', { unitPrice: '0.0000000000001' }, '/lines/0/unitPrice'],
  ['money with 3 decimals', { amount: '1.001' }, '/lines/0/amount'],
  ['a service of no length', { amount: '1', servicePeriod: { start: at, end: at } }, '/lines/0/servicePeriod/end'],
])('a line with %s is refused', (_what, more, pointer) => {
  const line = { quantity: null, unitPrice: null, amount: null, servicePeriod: null, ...more };
  expect(manualLineProblems(line, 'USD', '/lines/0')).toMatchObject([{ pointer }]);
});
