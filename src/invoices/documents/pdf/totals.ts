import { reasonFor } from '../../../domain/documents/e-invoice.js';
import { type BillingDocument, isCredit } from '../../../domain/documents/document.js';
import { ACCENT, type Canvas, CONTENT_WIDTH, INK, lineHeight, MUTED, PAGE, type Style } from './canvas.js';
import { drawTable, type Row } from './table.js';
import { moneyText, percentText, SETTLED_WORDS } from './words.js';

const WIDTH = 268;
const AMOUNT_WIDTH = 110;
const LEFT = PAGE.left + CONTENT_WIDTH - WIDTH;
const PLAIN: Style = { size: 9 };
const STRONG: Style = { size: 10.5, weight: 'bold' };
const SPACE = 4;

interface Sum {
  readonly label: string;
  readonly minor: bigint;
  readonly strong?: boolean;
}

/** From the sum of the lines to what is to be paid. The sums are not divided from each other. */
export function drawTotals(canvas: Canvas, document: BillingDocument, addPage: () => void): void {
  const sums = sumsOf(document);
  const height = sums.reduce(
    (total, { strong }) => total + lineHeight(strong === true ? STRONG : PLAIN) + SPACE + (strong === true ? 6 : 0),
    0,
  );
  if (canvas.room < height) addPage();
  for (const { label, minor, strong = false } of sums) {
    const style = strong ? STRONG : PLAIN;
    if (strong) {
      canvas.rule(canvas.y + 1, { x: LEFT, width: WIDTH, color: MUTED });
      canvas.y += 5;
    }
    const amount = strong ? `${document.currency} ${moneyText(minor, document.currency)}` : moneyText(minor, document.currency);
    const place = { y: canvas.y, x: LEFT };
    const bottom = canvas.text(label, { ...style, ...place, color: strong ? INK : MUTED, width: WIDTH - AMOUNT_WIDTH });
    canvas.text(amount, { ...style, ...place, color: strong ? ACCENT : INK, width: WIDTH, align: 'right' });
    canvas.y = bottom + SPACE;
  }
  canvas.y += 12;
}

function sumsOf(document: BillingDocument): Sum[] {
  const { subtotalMinor, discountMinor, taxMinor, totalMinor, taxes, settled, dueMinor } = document;
  const included = taxes.filter(({ inclusive }) => inclusive).reduce((total, { amountMinor }) => total + amountMinor, 0n);
  const added = taxMinor - included;
  return [
    { label: 'Subtotal', minor: subtotalMinor },
    ...(discountMinor === 0n ? [] : [{ label: 'Discounts', minor: -discountMinor }]),
    ...(taxes.some(({ inclusive }) => !inclusive) ? [{ label: 'Tax', minor: added }] : []),
    { label: 'Total', minor: totalMinor, strong: true },
    ...(included === 0n ? [] : [{ label: 'of which tax', minor: included }]),
    ...settled.map(({ kind, amountMinor }) => ({
      label: SETTLED_WORDS[kind],
      minor: kind === 'grant' || kind === 'balance' ? -amountMinor : amountMinor,
    })),
    ...(isCredit(document) || settled.length === 0 ? [] : [{ label: 'Amount due', minor: dueMinor, strong: true }]),
  ];
}

const one = (text: string): Row[number] => [{ ...PLAIN, text }];

/** Tax by rate. */
export function drawTaxes(canvas: Canvas, { taxes, currency }: BillingDocument, addPage: () => void): void {
  if (taxes.length === 0) return;
  drawTable(canvas, {
    columns: [
      { title: 'Tax' },
      { title: 'Rate', width: 70, align: 'right' },
      { title: `Taxable (${currency})`, width: 100, align: 'right' },
      { title: `Tax (${currency})`, width: 100, align: 'right' },
    ],
    groups: taxes.map(({ name, rate, inclusive, taxableMinor, amountMinor }) => [
      [
        one(inclusive ? `${name} (included in the amounts)` : name),
        one(percentText(rate)),
        one(moneyText(taxableMinor, currency)),
        one(moneyText(amountMinor, currency)),
      ],
    ]),
    addPage,
  });
  canvas.y += 12;
}

/** Why no tax is charged, why a credit note was issued, and what else is to be said to the buyer. */
export function drawRemarks(canvas: Canvas, { taxes, reason, memo }: BillingDocument, addPage: () => void): void {
  const reasons = taxes.flatMap((tax) => {
    const why = tax.category === 'E' && tax.exemptionReason === null ? 'Exempt from tax' : reasonFor(tax);
    return why === null ? [] : [`${tax.name}: ${why}`.replace(`${why}: ${why}`, why)];
  });
  const remarks = [...(reason === null ? [] : [`Reason: ${reason}`]), ...(memo === null ? [] : [memo]), ...new Set(reasons)];
  for (const remark of remarks) {
    const height = canvas.heightOf(remark, { ...PLAIN, width: CONTENT_WIDTH });
    if (canvas.room < height) addPage();
    canvas.y = canvas.text(remark, { ...PLAIN, x: PAGE.left, y: canvas.y, width: CONTENT_WIDTH }) + 3;
  }
  if (remarks.length > 0) canvas.y += 9;
}
