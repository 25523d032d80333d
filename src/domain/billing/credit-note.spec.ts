import fc from 'fast-check';
import { roundHalfAwayFromZero } from '../decimal.js';
import { type CreditAsked, type CreditedInvoice, creditNote, type CreditNoteDraft } from './credit-note.js';
import type { Line, LineTax } from './line.js';
import { baseWithin, taxId, taxTotals } from './tax.js';

const VAT: LineTax = { key: 'vat', name: 'VAT', rate: '0.20', category: 'S', inclusive: false };
const CITY: LineTax = { key: 'city', name: 'City', rate: '0.025', category: 'S', inclusive: false };
const LEVY: LineTax = { key: 'levy', name: 'Levy', rate: '0.07', category: 'S', inclusive: true };

interface Item {
  readonly net: bigint;
  readonly taxes: readonly LineTax[];
}

function invoice(items: readonly Item[]): CreditedInvoice {
  const taxes = taxTotals(items.map(({ net, taxes: own }) => ({ amountMinor: net, discounts: [], taxes: own }) as unknown as Line));
  const added = taxes.filter((tax) => !tax.inclusive).reduce((total, tax) => total + tax.amountMinor, 0n);
  return {
    currency: 'USD',
    lines: items.map(({ net, taxes: own }, i) => ({
      id: `l${String(i)}`,
      description: 'A line',
      taxes: own,
      creditedMinor: 0n,
      creditedRevenueMinor: 0n,
      leftMinor: net,
    })),
    taxes,
    creditedTaxes: [],
    leftMinor: items.reduce((total, { net }) => total + net, 0n) + added,
  };
}

/** The invoice as it is after a credit note. */
function after(before: CreditedInvoice, note: CreditNoteDraft): CreditedInvoice {
  const taken = new Map(note.lines.map((line) => [line.line, line]));
  return {
    ...before,
    lines: before.lines.map((line) => {
      const { amountMinor = 0n, revenueMinor = 0n } = taken.get(line.id) ?? {};
      return {
        ...line,
        creditedMinor: line.creditedMinor + amountMinor,
        creditedRevenueMinor: line.creditedRevenueMinor + revenueMinor,
        leftMinor: line.leftMinor - amountMinor,
      };
    }),
    creditedTaxes: [...before.creditedTaxes, ...note.taxes],
    leftMinor: before.leftMinor - note.totalMinor,
  };
}

const brief = ({ lines, taxes, totalMinor }: CreditNoteDraft) => [
  lines.map(({ line, amountMinor }) => [line, amountMinor]),
  taxes.map(({ key, taxableMinor, amountMinor }) => [key, taxableMinor, amountMinor]),
  totalMinor,
];

const two: readonly Item[] = [
  { net: 1_000n, taxes: [VAT] },
  { net: 500n, taxes: [VAT] },
];

describe('a credit note', () => {
  it.each<{ case: string; items: readonly Item[]; asked: CreditAsked; is: unknown }>([
    {
      case: 'over all takes every line and its tax',
      items: two,
      asked: 'all',
      is: [
        [
          ['l0', 1_000n],
          ['l1', 500n],
        ],
        [['vat', 1_500n, 300n]],
        1_800n,
      ],
    },
    {
      case: 'over a line takes the tax of that line',
      items: two,
      asked: { lines: [{ line: 'l1' }] },
      is: [[['l1', 500n]], [['vat', 500n, 100n]], 600n],
    },
    {
      case: 'over a part of a line takes its share of the tax',
      items: two,
      asked: { lines: [{ line: 'l0', amountMinor: 3n }] },
      is: [[['l0', 3n]], [['vat', 3n, 1n]], 4n],
    },
    {
      case: 'over an amount is that amount, with its tax, over the lines',
      items: two,
      asked: { amountMinor: 600n },
      is: [
        [
          ['l0', 333n],
          ['l1', 167n],
        ],
        [['vat', 500n, 100n]],
        600n,
      ],
    },
    {
      case: 'over an amount that no net comes to leaves the unit to the lines',
      items: two,
      asked: { amountMinor: 3n },
      is: [
        [
          ['l0', 2n],
          ['l1', 1n],
        ],
        [['vat', 3n, 0n]],
        3n,
      ],
    },
    {
      case: 'over an amount with an included tax takes it out of the lines',
      items: [{ net: 1_070n, taxes: [LEVY] }],
      asked: { amountMinor: 107n },
      is: [[['l0', 107n]], [['levy', 100n, 7n]], 107n],
    },
  ])('$case', ({ items, asked, is }) => {
    expect(brief(creditNote(invoice(items), asked))).toEqual(is);
  });

  it.each<{ case: string; items: readonly Item[]; asked: CreditAsked; revenue: readonly bigint[] }>([
    { case: 'is what it takes off the lines, beside taxes', items: two, asked: { amountMinor: 1_200n }, revenue: [667n, 333n] },
    {
      case: 'bears no tax that is included',
      items: [
        { net: 107n, taxes: [LEVY] },
        { net: 214n, taxes: [] },
      ],
      asked: 'all',
      revenue: [100n, 214n],
    },
    {
      case: 'adds up where included taxes are rounded over lines',
      items: [
        { net: 10n, taxes: [LEVY] },
        { net: 10n, taxes: [LEVY] },
        { net: 10n, taxes: [LEVY] },
      ],
      asked: 'all',
      revenue: [10n, 9n, 9n],
    },
  ])('takes back revenue that $case', ({ items, asked, revenue }) => {
    expect(creditNote(invoice(items), asked).lines.map((line) => line.revenueMinor)).toEqual(revenue);
  });

  it.each<[string, CreditAsked, string, string]>([
    ['more than the invoice', { amountMinor: 1_801n }, 'credit_too_large', '18.00 USD'],
    ['more than a line', { lines: [{ line: 'l1', amountMinor: 501n }] }, 'credit_too_large', '5.00 USD'],
    ['a line that is not there', { lines: [{ line: 'l7' }] }, 'invalid_request', '/lines/0/line'],
    ['a line twice', { lines: [{ line: 'l1' }, { line: 'l1' }] }, 'invalid_request', '/lines/1/line'],
  ])('of %s is refused with the numbers', (_name, asked, code, says) => {
    expect(() => creditNote(invoice(two), asked)).toThrow(expect.objectContaining({ code, detail: expect.stringContaining(says) }));
  });

  it('of an invoice of which nothing is left is refused', () => {
    const left = after(invoice(two), creditNote(invoice(two), 'all'));
    expect(() => creditNote(left, 'all')).toThrow(expect.objectContaining({ code: 'nothing_to_credit' }));
  });
});

const anyItem: fc.Arbitrary<Item> = fc.record({
  net: fc.bigInt({ min: 1n, max: 40_000n }),
  taxes: fc.constantFrom<readonly LineTax[]>([], [VAT], [CITY], [VAT, CITY], [LEVY], [LEVY, CITY]),
});
const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('amount' as const), share: fc.integer({ min: 1, max: 60 }), cents: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ kind: fc.constant('lines' as const), share: fc.integer({ min: 1, max: 100 }), of: fc.nat(5) }),
);
const sum = (parts: readonly bigint[]): bigint => parts.reduce((total, part) => total + part, 0n);

describe('any credit notes of an invoice', () => {
  it('come to what is asked, never to more than the invoice, and the last one takes exactly what is left, of each line and rate', () => {
    fc.assert(
      fc.property(fc.array(anyItem, { minLength: 1, maxLength: 6 }), fc.array(anyStep, { maxLength: 8 }), (items, steps) => {
        const whole = invoice(items);
        let left = whole;
        const notes: CreditNoteDraft[] = [];
        for (const step of steps) {
          const asked = ask(left, step);
          if (!asked) continue;
          const note = creditNote(left, asked);
          if (asked !== 'all' && 'amountMinor' in asked) expect(note.totalMinor).toBe(asked.amountMinor);
          notes.push(note);
          left = after(left, note);
          expect(left.leftMinor).toBeGreaterThanOrEqual(0n);
        }
        if (left.leftMinor > 0n) notes.push(creditNote(left, 'all'));
        for (const { lines, taxes, subtotalMinor, totalMinor, taxMinor } of notes) {
          expect(subtotalMinor).toBe(sum(lines.map((line) => line.amountMinor)));
          expect(totalMinor).toBe(subtotalMinor + sum(taxes.filter((tax) => !tax.inclusive).map((tax) => tax.amountMinor)));
          expect(totalMinor).toBe(sum(lines.map((line) => line.revenueMinor)) + taxMinor);
          for (const tax of taxes) expect([tax.amountMinor >= 0n, tax.taxableMinor >= 0n]).toEqual([true, true]);
        }
        expect(sum(notes.map((note) => note.totalMinor))).toBe(whole.leftMinor);
        for (const line of whole.lines) {
          const own = notes.flatMap((note) => note.lines.filter((one) => one.line === line.id));
          expect(sum(own.map((one) => one.amountMinor))).toBe(line.leftMinor);
          const apart = sum(own.map((one) => one.revenueMinor)) - roundHalfAwayFromZero(baseWithin(line.leftMinor, line.taxes));
          expect([-1n, 0n, 1n]).toContain(apart);
        }
        for (const tax of whole.taxes) {
          const own = notes.flatMap(({ taxes }) => taxes.filter((one) => taxId(one) === taxId(tax)));
          expect([sum(own.map((one) => one.amountMinor)), sum(own.map((one) => one.taxableMinor))]).toEqual([
            tax.amountMinor,
            tax.taxableMinor,
          ]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('take no more than a unit more or less of a rate than its share', () => {
    fc.assert(
      fc.property(
        fc.array(anyItem, { minLength: 1, maxLength: 4 }),
        fc.array(fc.bigInt({ min: 1n, max: 9n }), { maxLength: 30 }),
        (items, cents) => {
          let left = invoice(items);
          for (const amountMinor of cents.filter((_one, i) => i < 30)) {
            if (amountMinor > left.leftMinor) break;
            left = after(left, creditNote(left, { amountMinor }));
          }
          for (const tax of left.taxes) {
            const bearing = left.lines.filter(({ taxes }) => taxes.some((one) => taxId(one) === taxId(tax)));
            const taken = sum(left.creditedTaxes.filter((one) => taxId(one) === taxId(tax)).map((one) => one.amountMinor));
            const share = Number(sum(bearing.map((line) => line.creditedMinor))) * Number(tax.rate);
            expect(Math.abs(Number(taken) - (tax.inclusive ? share / (1 + Number(tax.rate)) : share))).toBeLessThanOrEqual(2);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

function ask(
  { leftMinor, lines }: CreditedInvoice,
  step: { kind: string; share: number; cents?: number; of?: number },
): CreditAsked | undefined {
  if (step.kind === 'amount') {
    const amountMinor = (leftMinor * BigInt(step.share)) / 100n + BigInt(step.cents ?? 0);
    return amountMinor > 0n && amountMinor <= leftMinor ? { amountMinor } : undefined;
  }
  const line = lines[(step.of ?? 0) % lines.length];
  const amountMinor = ((line?.leftMinor ?? 0n) * BigInt(step.share)) / 100n;
  return line && amountMinor > 0n ? { lines: [{ line: line.id, amountMinor }] } : undefined;
}
