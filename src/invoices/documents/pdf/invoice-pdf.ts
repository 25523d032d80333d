import { type BillingDocument } from '../../../domain/documents/document.js';
import { ACCENT, Canvas, CONTENT_WIDTH, INK, MUTED, PAGE } from './canvas.js';
import { attachFacturX } from './factur-x.js';
import { drawHead } from './head.js';
import { drawLines } from './lines.js';
import { drawPayment } from './payment.js';
import { drawRemarks, drawTaxes, drawTotals } from './totals.js';
import { drawUsage } from './usage-details.js';
import { taxIdLabel, titleOf } from './words.js';

const MICROSECONDS_PER_MILLISECOND = 1000n;

/**
 * An invoice or a credit note as a file. With `facturX`, the e-invoice in CII, the file carries that, too. The same document is always the same
 * file: nothing in it comes from the time or the place where it is made.
 */
export async function renderPdf(document: BillingDocument, facturX?: string): Promise<Buffer> {
  const issuedAt = new Date(Number(document.issuedAt / MICROSECONDS_PER_MILLISECOND));
  const canvas = new Canvas({ title: plain(`${titleOf(document)} ${document.number}`), issuedAt });
  const addPage = (): void => beginPage(canvas, document);
  canvas.addPage();
  drawHead(canvas, document);
  drawLines(canvas, document, addPage);
  drawTotals(canvas, document, addPage);
  drawTaxes(canvas, document, addPage);
  drawRemarks(canvas, document, addPage);
  drawPayment(canvas, document, addPage);
  drawUsage(canvas, document, addPage);
  canvas.onEveryPage((page, of) => drawFoot(canvas, document, `Page ${String(page)} of ${String(of)}`));
  if (facturX !== undefined) attachFacturX(canvas.pdf, facturX, issuedAt);
  return await canvas.finish();
}

/** A page after the first: says whose it is. */
function beginPage(canvas: Canvas, document: BillingDocument): void {
  canvas.addPage();
  const style = { size: 8.5, color: MUTED };
  const half = CONTENT_WIDTH / 2;
  const left = canvas.text(document.seller.name, { ...style, x: PAGE.left, y: PAGE.top - 14, width: half - 10 });
  const right = canvas.text(`${titleOf(document)} ${document.number}`, {
    ...style,
    weight: 'bold',
    color: INK,
    x: PAGE.left + half,
    y: PAGE.top - 14,
    width: half,
    align: 'right',
  });
  canvas.y = Math.max(left, right) + 5;
  canvas.rule(canvas.y, { color: ACCENT });
  canvas.y += 14;
}

function drawFoot(canvas: Canvas, { seller }: BillingDocument, page: string): void {
  const y = PAGE.height - PAGE.bottom + 18;
  const style = { size: 7.5, color: MUTED };
  const facts = [
    seller.name,
    ...(seller.registrationNumber === null ? [] : [`Reg. no. ${seller.registrationNumber}`]),
    ...seller.taxIds.map(({ type, value }) => `${taxIdLabel(type)} ${value}`),
    ...(seller.email === null ? [] : [seller.email]),
  ];
  canvas.rule(y - 6);
  canvas.text(facts.join('  ·  '), { ...style, x: PAGE.left, y, width: CONTENT_WIDTH - 90 });
  canvas.text(page, { ...style, x: PAGE.left + CONTENT_WIDTH - 80, y, width: 80, align: 'right' });
}

/** What the file says of itself goes into XML as it is. */
const plain = (text: string): string => text.replace(/[<>&\p{Cc}]/gu, ' ');
