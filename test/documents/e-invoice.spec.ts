import fc from 'fast-check';
import { discountOf } from '../../src/domain/billing/line.js';
import { ciiOf } from '../../src/domain/documents/cii.js';
import type { BillingDocument } from '../../src/domain/documents/document.js';
import { eInvoiceOf } from '../../src/domain/documents/e-invoice.js';
import { obstacles } from '../../src/domain/documents/obstacles.js';
import { ublOf } from '../../src/domain/documents/ubl.js';
import { serializeXml } from '../../src/invoices/documents/serialize-xml.js';
import { readCii, type ReadInvoice, readUbl } from './en16931.js';
import { broken } from './en16931-rules.js';
import { sample, SAMPLES, tax } from './samples.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 15);
const ubl = (document: BillingDocument): string => serializeXml(ublOf(eInvoiceOf(document)));
const cii = (document: BillingDocument): string => serializeXml(ciiOf(eInvoiceOf(document)));

/** Both syntaxes say the same, and break no rule. */
function checked(document: BillingDocument): ReadInvoice {
  expect(obstacles(document)).toEqual([]);
  const read = readUbl(ubl(document));
  const { amounts, ...rest } = readCii(cii(document));
  const { amounts: _amounts, ...same } = read;
  expect(rest).toEqual(same);
  expect([...broken(read), ...broken({ ...rest, amounts })]).toEqual([]);
  return read;
}

const NOT_POSSIBLE = 'dinar';

test.each(Object.entries(SAMPLES).filter(([name]) => name !== NOT_POSSIBLE))(
  '%s: the rules of EN 16931 hold in both syntaxes, and it says what the document says',
  (_name, document) => {
    const read = checked(document);
    const sign = read.type === '381' && document.kind === 'invoice' ? -1 : 1;
    const factor = document.currency === 'JPY' ? 1 : 100;
    const money = (minor: bigint): number => (sign * Number(minor)) / factor;
    expect(read).toMatchObject({
      number: document.number,
      currency: document.currency,
      issued: document.issuedOn,
      note: document.reason ?? document.memo ?? undefined,
      order: document.purchaseOrder ?? undefined,
      preceding: document.corrects.map(({ number }) => number),
      seller: { name: document.seller.name },
      buyer: { name: document.buyer.name },
      sums: { tax: money(document.taxMinor) + 0, total: money(document.totalMinor), due: Number(document.dueMinor) / factor },
    });
    expect(read.lines.map(({ name }) => name)).toEqual(document.lines.map(({ description }) => description));
  },
);

test('categories are told by their codes and reasons', () => {
  const vat = (name: string) =>
    checked(SAMPLES[name]!).vat.map(({ category, rate, reason, reasonCode }) => [category, rate, reason, reasonCode]);
  expect(vat('reverse charge')).toEqual([['AE', '0', 'Reverse charge', 'VATEX-EU-AE']]);
  expect(vat('intra-community')).toEqual([['K', '0', 'Intra-community supply', 'VATEX-EU-IC']]);
  expect(vat('exempt')).toEqual([['E', '0', 'Exempt under Article 132(1)(i) of Directive 2006/112/EC', undefined]]);
  expect(vat('outside of VAT')).toEqual([['O', undefined, 'Not subject to VAT', 'VATEX-EU-O']]);
});

test('a total below zero is a credit note that names the invoices which it adjusts, and is settled', () => {
  const read = checked(SAMPLES['total below zero']!);
  expect(read).toMatchObject({
    type: '381',
    preceding: ['INV-000017'],
    due: undefined,
    account: undefined,
    sums: { net: 34.1, tax: 6.48, total: 40.58, paid: 40.58, due: 0 },
    lines: [
      { quantity: -1, price: 10, net: -10 },
      { quantity: 1, price: 49, allowances: 4.9, net: 44.1 },
    ],
  });
});

test('a credit note: what went to the balance counts as paid', () => {
  expect(checked(SAMPLES['credit note']!)).toMatchObject({
    type: '381',
    preceding: ['INV-000042'],
    sums: { net: 25.21, tax: 4.79, total: 30, paid: 15, due: 15 },
  });
});

test('several rates, some included, and what the balance paid', () => {
  const document = sample({
    charges: [
      { amount: '100.00' },
      { amount: '10.70', description: 'Book' },
      { amount: '20.00', description: 'Seats', quantity: '3', unitPrice: '6.666667' },
    ],
    taxes: [tax('de', '0.19')],
    balance: '50.00',
  });
  const mixed: BillingDocument = {
    ...document,
    lines: document.lines.map((line, i) => (i === 1 ? { ...line, taxes: [tax('books', '0.07', { inclusive: true })] } : line)),
    taxes: [
      { ...document.taxes[0]!, taxableMinor: 12000n, amountMinor: 2280n },
      { ...tax('books', '0.07', { inclusive: true }), taxableMinor: 1000n, amountMinor: 70n, exemptionReason: null },
    ],
    taxMinor: 2350n,
    totalMinor: 15350n,
    dueMinor: 10350n,
  };
  expect(checked(mixed)).toMatchObject({
    vat: [
      { category: 'S', rate: '19', taxable: 120, amount: 22.8 },
      { category: 'S', rate: '7', taxable: 10, amount: 0.7 },
    ],
    sums: { net: 130, tax: 23.5, total: 153.5, paid: 50, due: 103.5 },
    lines: [{}, { net: 10, price: 10 }, { quantity: 1, price: 20 }],
  });
});

test.each([
  ['a seller without an address', { seller: { address: null } }, ['seller_address_missing']],
  ['a seller without a number', { seller: { taxIds: [], registrationNumber: null } }, ['seller_vat_id_missing', 'seller_id_missing']],
  ['a buyer without an address', { buyer: { address: null } }, ['buyer_address_missing']],
  ['a VAT number without a country', { buyer: { taxIds: [{ type: 'eu_vat', value: '40303265045' }] } }, ['vat_id_without_country']],
  ['no tax, though the seller has a VAT number', { taxes: [] }, ['tax_missing']],
  ['two taxes on a line', { taxes: [tax('gst', '0.05'), tax('pst', '0.07')] }, ['several_taxes']],
  [
    'reverse charge to a buyer without a VAT number',
    { taxes: [tax('rc', '0', { category: 'AE' })], buyer: { taxIds: [] } },
    ['buyer_vat_id_missing'],
  ],
  ['exempt without a reason', { taxes: [tax('free', '0', { category: 'E' })] }, ['exemption_reason_missing']],
  ['a standard rate of zero', { taxes: [tax('nil', '0')] }, ['rate_against_category']],
  ['a currency of three decimals', { currency: 'KWD' }, ['too_many_decimals']],
] as const)('%s stands in the way', (_case, changes, codes) => {
  const document = sample({ charges: [{ amount: '49.00' }], taxes: [tax('de', '0.19')], ...changes });
  expect(obstacles(document).map(({ code }) => code)).toEqual(codes);
});

test('a VAT number of one country may leave out its code', () => {
  const document = sample({
    charges: [{ amount: '49.00' }],
    taxes: [tax('uk', '0.20')],
    seller: { taxIds: [{ type: 'gb_vat', value: '123 4567 89' }] },
  });
  expect(checked(document).seller.vatId).toBe('GB123456789');
});

test('what may not stand in XML is replaced, and the rest escaped', () => {
  const text = '<b> & &lt; "quoted" \u0001 ]]> \u{1F600}';
  const document = sample({ charges: [{ amount: '49.00', description: text }], taxes: [tax('de', '0.19')] });
  expect(checked(document).lines).toHaveLength(1);
  expect(ubl(document)).toContain('<cbc:Name>&lt;b&gt; &amp; &amp;lt; "quoted" \uFFFD ]]&gt; \u{1F600}</cbc:Name>');
});

const amount = fc.integer({ min: -9_999, max: 99_999 }).map((minor) => (minor / 100).toFixed(2));
const charge = fc.record({ amount, quantity: fc.constantFrom('1', '3', '7.5'), unitPrice: fc.constantFrom(null, '9.99') });

test('whatever is charged, discounted, prepaid or included, rules hold and amounts are those of the document', () => {
  fc.assert(
    fc.property(
      fc.array(charge, { minLength: 1, maxLength: 8 }),
      fc.constantFrom('0.19', '0.055', '0.2', '0.07'),
      fc.boolean(),
      fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
      fc.constantFrom('0', '12.34', '100000'),
      (charges, rate, inclusive, percentOff, balance) => {
        const document = sample({
          charges,
          taxes: [tax('vat', rate, { inclusive })],
          balance,
          ...(percentOff === undefined ? {} : { coupon: { percentOff: String(percentOff) } }),
        });
        const { sums, lines } = checked(document);
        const sign = document.totalMinor < 0n ? -1 : 1;
        expect(Math.round(sums.total * 100)).toBe(Math.abs(Number(document.totalMinor)));
        expect(Math.round(sums.net * 100)).toBe(sign * Number(document.totalMinor - document.taxMinor));
        if (!inclusive)
          expect(lines.map(({ net }) => Math.round(net * 100) + 0)).toEqual(
            document.lines.map((line) => sign * Number(line.amountMinor - discountOf(line)) + 0),
          );
      },
    ),
    { numRuns: RUNS },
  );
});
