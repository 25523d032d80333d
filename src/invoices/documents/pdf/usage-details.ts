import type { BillingDocument, DocumentLine } from '../../../domain/documents/document.js';
import type { BreakdownStep } from '../../../domain/rating/model.js';
import { ACCENT, type Canvas, CONTENT_WIDTH, lineHeight, MUTED, PAGE } from './canvas.js';
import { drawTable, type Row } from './table.js';
import { grouped, percentText, priceText, rangeText } from './words.js';

const TEXT = { size: 8.5 } as const;
const TITLE = { size: 9.5, weight: 'bold' } as const;
/** A heading of a line, the headings of its table and two rows stay together. */
const TOGETHER = 96;

/** How the amounts of lines came about, on pages of their own. */
export function drawUsage(canvas: Canvas, { lines, currency }: BillingDocument, addPage: () => void): void {
  const detailed = lines.filter(({ breakdown }) => breakdown.length > 1);
  if (detailed.length === 0) return;
  addPage();
  canvas.y = canvas.text('Usage details', { size: 15, weight: 'bold', color: ACCENT, x: PAGE.left, y: canvas.y, width: CONTENT_WIDTH }) + 8;
  for (const line of detailed) drawLine(canvas, line, { currency, addPage });
}

function drawLine(
  canvas: Canvas,
  line: DocumentLine,
  { currency, addPage }: { readonly currency: string; readonly addPage: () => void },
): void {
  if (canvas.room < TOGETHER) addPage();
  const place = { x: PAGE.left, width: CONTENT_WIDTH };
  canvas.y = canvas.text(`${String(line.n)}. ${line.description}`, { ...TITLE, ...place, y: canvas.y });
  const facts = [
    ...(line.period === null ? [] : [rangeText(line.period)]),
    ...Object.entries(line.groups ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  if (facts.length > 0) canvas.y = canvas.text(facts.join('  ·  '), { size: 8, color: MUTED, ...place, y: canvas.y });
  canvas.y += 2;
  drawTable(canvas, {
    columns: [
      { title: 'Step' },
      { title: 'Quantity', width: 90, align: 'right' },
      { title: 'Price', width: 110, align: 'right' },
      { title: `Amount (${currency})`, width: 100, align: 'right' },
    ],
    groups: line.breakdown.map((step, i) => [rowOf(step, lowerBound(line.breakdown, i), currency)]),
    addPage,
  });
  canvas.y += lineHeight(TEXT);
}

const one = (text: string | undefined): Row[number] => (text === undefined ? [] : [{ ...TEXT, text }]);

function rowOf(step: BreakdownStep, above: string | null, currency: string): Row {
  const { amount } = step;
  return [
    one(wordsOf(step, above)),
    one(quantityOf(step)),
    one(priceOf(step, currency)),
    one(amount === undefined ? undefined : priceText(amount, currency)),
  ];
}

/** What is taken off stands below zero; the share of a period is a fraction. */
function quantityOf({ step, quantity }: BreakdownStep): string | undefined {
  if (quantity === undefined || step === 'share') return quantity;
  const isTakenOff = (step === 'free_units' || step === 'free_concurrent') && Number(quantity) !== 0;
  return isTakenOff ? `-${grouped(quantity)}` : grouped(quantity);
}

/** Where the tier before ends. */
function lowerBound(steps: readonly BreakdownStep[], i: number): string | null {
  const before = steps[i - 1];
  return before?.step === 'tier' ? (before.upTo ?? null) : null;
}

function wordsOf({ step, upTo }: BreakdownStep, above: string | null): string {
  switch (step) {
    case 'metered':
      return 'Used';
    case 'free_units':
      return 'Free units';
    case 'free_concurrent':
      return 'Free of charge at a time';
    case 'billable':
      return 'Charged';
    case 'below_zero':
      return 'Below zero: charged as zero';
    case 'tier':
      return tierWords(upTo ?? null, above);
    case 'units':
      return 'Units';
    case 'packages':
      return 'Packages';
    case 'flat':
      return 'Flat price';
    case 'percentage':
      return 'Percentage';
    case 'events':
      return 'Events';
    case 'minimum':
      return 'At least';
    case 'maximum':
      return 'At most';
    case 'share':
      return 'Share of the period';
  }
}

function tierWords(upTo: string | null, above: string | null): string {
  const from = above === null ? undefined : `above ${grouped(above)}`;
  const to = upTo === null ? undefined : `up to ${grouped(upTo)}`;
  const words = [from, to].filter((part) => part !== undefined).join(', ');
  return words === '' ? 'Tier without an end' : `Tier ${words}`;
}

/** The price of a unit, with the flat price of a tier where it has one. */
function priceOf({ unitPrice, flatPrice, rate }: BreakdownStep, currency: string): string | undefined {
  const flat = flatPrice === undefined || Number(flatPrice) === 0 ? undefined : `flat ${priceText(flatPrice, currency)}`;
  const unit = unitPrice === undefined || (flat !== undefined && Number(unitPrice) === 0) ? undefined : priceText(unitPrice, currency);
  const parts = [rate === undefined ? undefined : percentText(rate), unit, flat].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' + ');
}
