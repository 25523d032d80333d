import { type BillingDocument, isCredit } from '../../../domain/documents/document.js';
import { type Canvas, CONTENT_WIDTH, MUTED, PAGE } from './canvas.js';
import { longDate } from './words.js';

const TEXT = { size: 9 } as const;
const LABEL_WIDTH = 90;

/** How to pay; nothing where nothing is to be paid. */
export function drawPayment(canvas: Canvas, document: BillingDocument, addPage: () => void): void {
  if (isCredit(document) || document.dueMinor <= 0n) return;
  const facts = factsOf(document);
  const width = CONTENT_WIDTH - LABEL_WIDTH;
  const height = facts.reduce((total, [, value]) => total + canvas.heightOf(value, { ...TEXT, width }) + 2, 20);
  if (canvas.room < height) addPage();
  canvas.y = canvas.text('Payment', { size: 10.5, weight: 'bold', x: PAGE.left, y: canvas.y, width: CONTENT_WIDTH }) + 4;
  for (const [label, value] of facts) {
    canvas.text(label, { ...TEXT, color: MUTED, x: PAGE.left, y: canvas.y, width: LABEL_WIDTH });
    canvas.y = canvas.text(value, { ...TEXT, x: PAGE.left + LABEL_WIDTH, y: canvas.y, width }) + 2;
  }
}

function factsOf({ seller, number, dueOn }: BillingDocument): (readonly [string, string])[] {
  const known: (readonly [string, string | null])[] = [
    ['Due date', dueOn === null ? null : longDate(dueOn)],
    ['Reference', number],
    ['IBAN', seller.iban?.replace(/(.{4})(?=.)/g, '$1 ') ?? null],
    ['BIC', seller.bic],
    ['Bank', seller.bankDetails],
    ['Terms', seller.paymentTerms],
  ];
  return known.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
}
