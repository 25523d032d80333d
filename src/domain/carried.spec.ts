import fc from 'fast-check';
import { chargesOf, type LeftToPay } from './carried.js';

const left = (invoiceId: string, leftMinor: bigint): LeftToPay => ({ invoiceId, leftMinor });

test.each<[string, LeftToPay[], LeftToPay[], string[]]>([
  ['enough by itself', [left('a', 50n)], [], ['a 50']],
  ['too little', [left('a', 49n)], [], []],
  ['too little, and enough with what waits', [left('a', 20n)], [left('x', 30n)], ['a 20 + x 30']],
  ['enough, and it takes along what waits', [left('a', 80n)], [left('x', 30n), left('y', 5n)], ['a 80 + x 30 + y 5']],
  ['two that are enough together', [left('a', 30n), left('b', 30n), left('c', 90n)], [], ['b 30 + a 30', 'c 90']],
  ['nothing', [left('a', 0n)], [left('x', 90n)], []],
])('%s', (_name, due, waiting, charges) => {
  const shown = chargesOf(due, waiting, 50n).map((charge) =>
    [charge, ...charge.carried].map(({ invoiceId, leftMinor }) => `${invoiceId} ${String(leftMinor)}`).join(' + '),
  );
  expect(shown).toEqual(charges);
});

test('no charge is below the minimum, none holds an invoice that another holds, and without a minimum each stands alone', () => {
  const amounts = fc.array(fc.bigInt({ min: 0n, max: 120n }), { maxLength: 8 });
  fc.assert(
    fc.property(amounts, amounts, fc.bigInt({ min: 0n, max: 100n }), (due, waiting, minimum) => {
      const small = waiting.filter((amount) => amount > 0n && amount < minimum).map((amount, i) => left(`w${String(i)}`, amount));
      const charges = chargesOf(
        due.map((amount, i) => left(`d${String(i)}`, amount)),
        small,
        minimum,
      );
      const all = charges.flatMap((charge) => [charge, ...charge.carried]);
      expect(new Set(all.map(({ invoiceId }) => invoiceId)).size).toBe(all.length);
      for (const charge of charges)
        expect([charge, ...charge.carried].reduce((sum, { leftMinor }) => sum + leftMinor, 0n)).toBeGreaterThanOrEqual(minimum);
      if (minimum === 0n) expect(all.length).toBe(due.filter((amount) => amount > 0n).length);
    }),
    { numRuns: 100 },
  );
});
