import { aligned } from '../text-table.js';
import type { Answers } from './answers.js';
import type { InvoiceView } from './output.js';

/** The same answers for people: an invoice a block, a line a row. */
export function tables(answers: Answers): string {
  const blocks = answers.invoices.map(invoiceTable);
  const asked = [
    ...Object.entries(answers.rate).map(([name, { amount }]) => [name, 'costs', amount]),
    ...Object.entries(answers.aggregate).map(([name, { quantity }]) => [name, 'quantity', quantity ?? 'none']),
    ...Object.entries(answers.periods).flatMap(([name, periods]) =>
      periods.map(({ start, end }, i) => [`${name} ${String(i)}`, start, end]),
    ),
  ];
  if (asked.length > 0) blocks.push(aligned(asked));
  return `${blocks.join('\n\n')}\n`;
}

function invoiceTable(invoice: InvoiceView): string {
  const rows = invoice.lines.map((line) => [
    `  ${line.subscription}`,
    line.price ?? line.kind,
    line.kind,
    `${line.servicePeriod.start} - ${line.servicePeriod.end}`,
    line.quantity,
    line.amount,
    line.discount === '0.00' ? '' : `less ${line.discount}`,
  ]);
  const sums = [
    ['  subtotal', invoice.subtotal],
    ['  discount', invoice.discount],
    ['  tax', invoice.tax],
    ['  total', invoice.total],
    ...invoice.applied.map(({ grant, amount }) => [`  paid from ${grant ?? 'balance'}`, amount]),
    ['  due', invoice.amountDue],
  ];
  return [`Invoice of ${invoice.at}, ${invoice.currency}`, aligned(rows), aligned(sums)].join('\n');
}
