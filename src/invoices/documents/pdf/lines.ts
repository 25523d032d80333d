import type { BillingDocument, DocumentLine } from '../../../domain/documents/document.js';
import { MUTED, type Canvas } from './canvas.js';
import { type Cell, type Column, drawTable, type Row } from './table.js';
import { grouped, moneyText, percentText, priceText, rangeText } from './words.js';

const TEXT = { size: 9 } as const;
const SMALL = { size: 8, color: MUTED } as const;

/** What is charged or credited, line by line, each with its discounts. */
export function drawLines(canvas: Canvas, document: BillingDocument, addPage: () => void): void {
  const withQuantity = document.lines.some(({ quantity }) => quantity !== null);
  const columns: Column[] = [
    { title: 'Description' },
    ...(withQuantity
      ? ([
          { title: 'Quantity', width: 68, align: 'right' },
          { title: 'Unit price', width: 74, align: 'right' },
        ] as const)
      : []),
    { title: 'Tax', width: 56, align: 'right' },
    { title: `Amount (${document.currency})`, width: 86, align: 'right' },
  ];
  const blanks = withQuantity ? [[], []] : [];
  const groups = document.lines.map((line) => [
    [
      descriptionCell(line),
      ...(withQuantity ? [quantityCell(line), priceCell(line, document.currency)] : []),
      one(line.taxes.length === 0 ? '–' : line.taxes.map(({ rate }) => percentText(rate)).join(' + ')),
      one(moneyText(line.amountMinor, document.currency)),
    ],
    ...line.discounts.map(({ coupon, amountMinor }): Row => [
      one(amountMinor < 0n ? `Discount ${coupon}, taken back` : `Discount ${coupon}`),
      ...blanks,
      [],
      one(moneyText(-amountMinor, document.currency)),
    ]),
  ]);
  drawTable(canvas, { columns, groups, addPage });
  canvas.y += 10;
}

const one = (text: string): Cell => [{ ...TEXT, text }];

function descriptionCell({ description, period, groups, proration, breakdown }: DocumentLine): Cell {
  const facts = [
    ...(period === null ? [] : [rangeText(period)]),
    ...(proration ? ['part of a period'] : []),
    ...Object.entries(groups ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  return [
    { ...TEXT, text: description },
    ...(facts.length === 0 ? [] : [{ ...SMALL, text: facts.join('  ·  ') }]),
    ...(breakdown.length > 1 ? [{ ...SMALL, text: 'Usage details follow' }] : []),
  ];
}

const quantityCell = ({ quantity }: DocumentLine): Cell => (quantity === null ? [] : one(grouped(quantity)));

const priceCell = ({ unitPrice }: DocumentLine, currency: string): Cell => (unitPrice === null ? [] : one(priceText(unitPrice, currency)));
