import type { BillingDocument, Party } from '../../../domain/documents/document.js';
import { isCredit } from '../../../domain/documents/document.js';
import { ACCENT, type Canvas, CONTENT_WIDTH, lineHeight, MUTED, PAGE, SHADE } from './canvas.js';
import { addressLines, longDate, moneyText, rangeText, taxIdLabel, titleOf } from './words.js';

const COLUMN = CONTENT_WIDTH / 2 - 12;
const RIGHT = PAGE.left + CONTENT_WIDTH - COLUMN;
const TEXT = { size: 9 } as const;
const LABEL = { size: 8, color: MUTED, weight: 'bold' } as const;

/** Who sells, what this is, who buys, and what is to be paid until when. */
export function drawHead(canvas: Canvas, document: BillingDocument): void {
  canvas.y = Math.max(drawSeller(canvas, document), drawTitle(canvas, document)) + 12;
  canvas.rule(canvas.y, { color: ACCENT, thickness: 1.2 });
  canvas.y += 16;
  canvas.y = Math.max(drawBuyer(canvas, document), drawFacts(canvas, document)) + 18;
  drawSummary(canvas, document);
}

function drawSeller(canvas: Canvas, { seller }: BillingDocument): number {
  const y = canvas.text(seller.name, { size: 13, weight: 'bold', color: ACCENT, x: PAGE.left, y: canvas.y, width: COLUMN });
  return drawLines(canvas, partyLines(seller), { x: PAGE.left, y: y + 2, color: MUTED });
}

function drawTitle(canvas: Canvas, document: BillingDocument): number {
  const place = { x: RIGHT, width: COLUMN, align: 'right' } as const;
  const y = canvas.text(titleOf(document), { size: 24, weight: 'bold', color: ACCENT, ...place, y: canvas.y - 8 });
  return canvas.text(document.number, { size: 11, weight: 'bold', ...place, y });
}

function drawBuyer(canvas: Canvas, { kind, buyer }: BillingDocument): number {
  let y = canvas.text(kind === 'credit_note' ? 'Credited to' : 'Billed to', { ...LABEL, x: PAGE.left, y: canvas.y, width: COLUMN });
  y = canvas.text(buyer.name, { size: 10.5, weight: 'bold', x: PAGE.left, y: y + 2, width: COLUMN });
  return drawLines(canvas, partyLines(buyer), { x: PAGE.left, y: y + 1 });
}

const partyLines = ({ address, taxIds, email }: Party): string[] => [
  ...(address === null ? [] : addressLines(address)),
  ...(email === null ? [] : [email]),
  ...taxIds.map(({ type, value }) => `${taxIdLabel(type)} ${value}`),
];

function drawLines(canvas: Canvas, lines: readonly string[], { x, y, color }: { x: number; y: number; color?: string }): number {
  return lines.reduce(
    (top, line) => canvas.text(line, { ...TEXT, ...(color === undefined ? {} : { color }), x, y: top, width: COLUMN }),
    y,
  );
}

function drawFacts(canvas: Canvas, document: BillingDocument): number {
  const { issuedOn, dueOn, period, corrects, kind, purchaseOrder } = document;
  const facts: [string, string][] = [
    [kind === 'credit_note' ? 'Credit note number' : 'Invoice number', document.number],
    ['Date of issue', longDate(issuedOn)],
    ...(dueOn === null || isCredit(document) ? [] : [['Due date', longDate(dueOn)] as [string, string]]),
    ...(purchaseOrder === null ? [] : [['Your order', purchaseOrder] as [string, string]]),
    ...(period === null ? [] : [['Service period', rangeText(period)] as [string, string]]),
    ...(corrects.length === 0
      ? []
      : [
          [
            kind === 'credit_note' ? 'Credits' : 'Corrects',
            corrects.map(({ number, issuedOn: on }) => `${number} of ${longDate(on)}`).join(', '),
          ] as [string, string],
        ]),
  ];
  return facts.reduce((y, [label, value]) => {
    const left = canvas.text(label, { ...TEXT, color: MUTED, x: RIGHT, y, width: 96 });
    return Math.max(left, canvas.text(value, { ...TEXT, x: RIGHT + 100, y, width: COLUMN - 100, align: 'right' })) + 2;
  }, canvas.y);
}

/** Brings the label, which is smaller, onto the line of the amount. */
const BASELINE_OFFSET = 4.14;

/** The one number that everybody looks for. */
function drawSummary(canvas: Canvas, document: BillingDocument): void {
  const { currency, dueMinor, totalMinor, dueOn } = document;
  const [label, minor] = isCredit(document)
    ? ['Total credited', totalMinor < 0n ? -totalMinor : totalMinor]
    : [dueMinor > 0n && dueOn !== null ? `Amount due by ${longDate(dueOn)}` : 'Amount due', dueMinor];
  const size = { size: 14, weight: 'bold' } as const;
  const height = lineHeight(size) + 16;
  canvas.box(canvas.y, height, SHADE);
  const top = canvas.y + 8;
  canvas.text(label, { size: 10, weight: 'bold', x: PAGE.left + 12, y: top + BASELINE_OFFSET, width: CONTENT_WIDTH / 2 });
  canvas.text(`${currency} ${moneyText(minor, currency)}`, {
    ...size,
    color: ACCENT,
    x: PAGE.left + CONTENT_WIDTH / 2,
    y: top,
    width: CONTENT_WIDTH / 2 - 12,
    align: 'right',
  });
  canvas.y += height + 14;
}
