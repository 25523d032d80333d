import { formatMoney } from '../../src/domain/currency.js';
import { ciiOf } from '../../src/domain/documents/cii.js';
import { eInvoiceOf } from '../../src/domain/documents/e-invoice.js';
import { documentFile } from '../../src/invoices/documents/document-file.js';
import { linesOf } from '../../src/invoices/documents/pdf/line-breaks.js';
import { renderPdf } from '../../src/invoices/documents/pdf/invoice-pdf.js';
import { serializeXml } from '../../src/invoices/documents/serialize-xml.js';
import { objectsOf, pdfAttachments, pdfPages } from '../support/pdf-text.js';
import { type BillingDocument } from '../../src/domain/documents/document.js';
import { sample, SAMPLES, tax } from './samples.js';

const grouped = (minor: bigint, currency: string): string => formatMoney(minor, currency).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');

/* What differs from these on the page is a remark alone. */
const ALIKE = ['intra-community', 'export', 'zero rated', 'outside of VAT'];

test.each(Object.entries(SAMPLES).filter(([name]) => !ALIKE.includes(name)))(
  '%s: the page says what the document says',
  async (_name, document) => {
    const { currency } = document;
    const pages = pdfPages(await renderPdf(document));
    const text = pages.flat().join('\n');
    const money = (minor: bigint): string => grouped(minor, currency);
    for (const { amountMinor, discounts, quantity, unitPrice } of document.lines) {
      expect(text).toContain(money(amountMinor));
      for (const discount of discounts) expect(text).toMatch(new RegExp(`Discount ${discount.coupon}.* ${money(-discount.amountMinor)}`));
      if (quantity !== null && unitPrice !== null) expect(text).toContain(quantity);
    }
    expect(text).toContain(`Subtotal ${money(document.subtotalMinor)}`);
    expect(text).toContain(`Total ${currency} ${money(document.totalMinor)}`);
    for (const { name, rate, taxableMinor, amountMinor } of document.taxes)
      expect(text).toMatch(new RegExp(`${name}.* ${String(Number(rate) * 100)} % ${money(taxableMinor)} ${money(amountMinor)}`));
    expect(text).toContain(document.number);
    for (const words of [document.memo, document.purchaseOrder]) expect(text).toContain(words ?? '');
    expect(text).toContain(document.seller.address?.line1 ?? '');
    expect(text).toContain(document.buyer.address?.line2 ?? '');
    if (document.dueMinor > 0n && document.kind === 'invoice') {
      expect(text).toContain(`Amount due by 15 February 2026 ${currency} ${money(document.dueMinor)}`);
      expect(text).toContain('IBAN DE89 3704 0044 0532 0130 00');
    } else expect(text).not.toContain('IBAN');
    pages.forEach((page, i) => {
      expect(page.at(-1)).toContain(`Page ${String(i + 1)} of ${String(pages.length)}`);
    });
  },
);

const textOf = async (document: BillingDocument): Promise<string> =>
  pdfPages(await renderPdf(document))
    .flat()
    .join('\n');

test('usage: quantities, free units, tiers and groups follow on a page of their own', async () => {
  const pages = pdfPages(await renderPdf(SAMPLES['usage told apart by groups']!));
  expect(pages).toHaveLength(2);
  const usage = pages[1]!.join('\n');
  for (const line of [
    '1. Node hours',
    '1 Jan 2026 – 31 Jan 2026 · region: eu-central · size: large',
    'Used 1,372.5',
    'Free units -100',
    'Charged 1,272.5',
    'Tier up to 500 500 0.05 25.00',
    'Tier above 500, up to 1,000 500 0.03 15.00',
    'Tier above 1,000 272.5 0.0272 7.412',
    '2. Node hours',
  ])
    expect(usage).toContain(line);
});

test('remarks say why no tax is charged, and why a credit note was issued', async () => {
  expect(await textOf(SAMPLES['reverse charge']!)).toContain('Reverse charge');
  expect(await textOf(SAMPLES['exempt']!)).toContain('Exempt under Article 132(1)(i) of Directive 2006/112/EC');
  const note = await textOf(SAMPLES['credit note']!);
  for (const line of ['Credit note', 'Credits INV-000042 of 1 February 2026', 'Reason: An outage of two days', 'Total credited EUR 30.00'])
    expect(note).toContain(line);
  const credit = await textOf(SAMPLES['total below zero']!);
  for (const line of ['Invoice (credit)', 'Corrects INV-000017 of 1 January 2026', 'Credited to account balance 40.58', 'Total EUR -40.58'])
    expect(credit).toContain(line);
});

test('scripts: every character is there, or visibly replaced', async () => {
  const document = SAMPLES['other scripts']!;
  const text = (await textOf(document)).replaceAll(' ', ''); // each font begins a piece of its own
  for (const word of [
    '株式会社サンプル',
    '東京都',
    'Πρόγραμμα ομάδας – Командный тариф',
    'チームプラン・团队计划・팀 요금제',
    'Latvīna ŁÓDŹ ß Ñ ₿ 😀 \uFFFD',
  ])
    expect(text).toContain(word.replaceAll(' ', ''));
  expect(await textOf(sample({ charges: [{ amount: '1', description: 'مرحبا שלום สวัสดี \u0007\uD800 a\u200Db' }] }))).toContain('\uFFFD');
});

test('the same document is the same file, and says nothing of the time at which it was made', async () => {
  for (const name of ['metered in tiers', 'other scripts']) {
    const facturX = serializeXml(ciiOf(eInvoiceOf(SAMPLES[name]!)));
    const [first, second] = [await renderPdf(SAMPLES[name]!, facturX), await renderPdf(SAMPLES[name]!, facturX)];
    expect(first.equals(second)).toBe(true);
    expect(
      first
        .toString('latin1')
        .match(/D:\d{14}Z/g)!
        .every((date) => date === 'D:20260201031000Z'),
    ).toBe(true);
  }
});

test('300 lines: headings stand on every page, no line is lost or divided, sums stay together', async () => {
  const charges = Array.from({ length: 300 }, (_value, i) => ({
    amount: `${String(i)}.01`,
    description: `Service ${String(i)} ${'of a long name '.repeat(i % 7)}`,
    price: `p${String(i).padStart(3, '0')}`,
  }));
  const pages = pdfPages(await renderPdf(sample({ charges, taxes: [tax('de', '0.19')] })));
  const withRows = pages.filter((page) => page.some((line) => line.startsWith('Service ')));
  expect(withRows.length).toBeGreaterThan(10);
  for (const page of withRows) expect(page).toContain('Description Quantity Unit price Tax Amount (EUR)');
  const found = pages.flat().flatMap((line) => /^Service (\d+) .*19 % (\d+)\.01$/.exec(line)?.slice(1) ?? []);
  expect(found).toEqual(charges.flatMap((_charge, i) => [String(i), String(i)]));
  const totals = pages.find((page) => page.some((line) => line.startsWith('Subtotal')))!;
  expect(totals.some((line) => line.startsWith('Total EUR'))).toBe(true);
});

test('what is missing is left out: no address, no numbers, no bank, no tax', async () => {
  const bare = {
    address: null,
    taxIds: [],
    registrationNumber: null,
    email: null,
    iban: null,
    bic: null,
    bankDetails: null,
    paymentTerms: null,
  };
  const text = await textOf(
    sample({ charges: [{ amount: '5.00' }], seller: bare, buyer: { address: null, taxIds: [], email: null, timeZone: 'Nowhere/At' } }),
  );
  expect(text).toContain('Total EUR 5.00');
  expect(text).not.toMatch(/null|undefined|IBAN/);
});

test('a hybrid carries its e-invoice as an associated file, and says so', async () => {
  const document = SAMPLES['flat']!;
  const { bytes, name, contentType } = await documentFile(document, { kind: 'pdf', embed: 'cii' });
  expect([name, contentType]).toEqual(['INV-000042.pdf', 'application/pdf']);
  expect(pdfAttachments(bytes)).toEqual({ 'factur-x.xml': serializeXml(ciiOf(eInvoiceOf(document))) });
  const objects = [...objectsOf(bytes).values()];
  expect(objects.some(({ dictionary }) => dictionary.includes('/Type /Catalog') && /\/AF \[\d+ 0 R\]/.test(dictionary))).toBe(true);
  expect(objects.some(({ dictionary }) => dictionary.includes('/AFRelationship /Alternative'))).toBe(true);
  const xmp = objects.find(({ dictionary }) => dictionary.includes('/Type /Metadata'))?.stream?.toString('utf8') ?? '';
  for (const field of ['<pdfaid:part>3<', '<pdfaid:conformance>B<', '<fx:ConformanceLevel>EN 16931<', '<fx:DocumentFileName>factur-x.xml<'])
    expect(xmp).toContain(field);
  expect(objects.some(({ dictionary }) => dictionary.includes('/S /GTS_PDFA1'))).toBe(true);
  for (const { dictionary } of objects) if (dictionary.includes('/FontDescriptor')) expect(dictionary).not.toContain('/Subtype /Type1');
});

test.each([
  ['at spaces', 'one two three', 8, ['one two', 'three']],
  ['between characters of scripts without spaces', '株式会社', 2, ['株式', '会社']],
  ['within a word that is longer than a line', 'abcdefgh ij', 3, ['abc', 'def', 'gh', 'ij']],
  ['where it has line breaks itself', 'a\nb\r\nc', 9, ['a', 'b', 'c']],
  ['nowhere, when it is empty', '', 9, ['']],
])('text is broken %s', (_case, text, width, lines) => {
  expect(linesOf(text, width, (part) => [...part].length)).toEqual(lines);
});
