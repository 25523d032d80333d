import { creditable, type InvoicedLine } from './creditable.js';

/** `id`, the invoice, an amount after discounts; what it adjusts; what credit notes took. */
type Row = readonly [id: string, invoiceId: string, amount: bigint, adjusts?: string | null, noted?: bigint];

const lines = (rows: readonly Row[]): InvoicedLine[] =>
  rows.map(
    ([id, invoiceId, amountMinor, adjusts = null, creditNotedMinor = 0n]) =>
      ({ id, invoiceId, amountMinor, adjusts, creditNotedMinor, discounts: [], taxes: [] }) as unknown as InvoicedLine,
  );

describe('of a charge there is left to be credited', () => {
  it.each<{ case: string; rows: readonly Row[]; left: Record<string, bigint> }>([
    { case: 'all of it, where nothing gave any back', rows: [['a', 'i', 100n]], left: { a: 100n } },
    { case: 'what credit notes left', rows: [['a', 'i', 100n, null, 30n]], left: { a: 70n } },
    {
      case: 'what a credit on an invoice of its own left, which went to the balance',
      rows: [
        ['a', 'i', 100n],
        ['b', 'j', -60n, 'a'],
      ],
      left: { a: 40n },
    },
    {
      case: 'all of it, where the credit made the charges beside it cheaper',
      rows: [
        ['a', 'i', 100n],
        ['b', 'j', -60n, 'a'],
        ['c', 'j', 90n],
      ],
      left: { a: 100n },
    },
    {
      case: 'the part that the charges beside the credit could take',
      rows: [
        ['a', 'i', 100n],
        ['b', 'j', -60n, 'a'],
        ['c', 'j', 20n],
      ],
      left: { a: 60n },
    },
    {
      case: 'less by the credits on the same invoice',
      rows: [
        ['b', 'i', -60n, 'z'],
        ['c', 'i', 90n],
      ],
      left: { c: 30n },
    },
    {
      case: 'nothing, and the rest comes off the later correction',
      rows: [
        ['a', 'i', 40n],
        ['b', 'j', 100n, 'a'],
        ['c', 'k', -80n, 'a'],
      ],
      left: { a: 0n },
    },
    {
      case: 'nothing below zero, where credit notes were before the credit',
      rows: [
        ['a', 'i', 100n, null, 80n],
        ['b', 'j', -20n, 'a'],
      ],
      left: { a: 0n },
    },
  ])('$case', ({ rows, left }) => {
    expect(Object.fromEntries(creditable(lines(rows), 'i'))).toEqual(left);
  });

  it('what corrections of it left of a correction', () => {
    const rows: Row[] = [
      ['a', 'i', 40n],
      ['b', 'j', 100n, 'a'],
      ['c', 'k', -80n, 'a'],
    ];
    expect(Object.fromEntries(creditable(lines(rows), 'j'))).toEqual({ b: 60n });
  });
});
