import { ciiOf } from '../../domain/documents/cii.js';
import type { BillingDocument } from '../../domain/documents/document.js';
import { eInvoiceOf } from '../../domain/documents/e-invoice.js';
import { obstacles } from '../../domain/documents/obstacles.js';
import { ublOf } from '../../domain/documents/ubl.js';
import { Refusal } from '../../domain/refusal.js';
import { serializeXml } from './serialize-xml.js';

export const SYNTAXES = ['ubl', 'cii'] as const;
export type Syntax = (typeof SYNTAXES)[number];

/** A PDF, alone or with the e-invoice in it, or the e-invoice. */
export type DocumentForm = { readonly kind: 'pdf'; readonly embed?: 'cii' } | { readonly kind: 'xml'; readonly syntax: Syntax };

export interface DocumentFile {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly name: string;
}

/**
 * A document as a file: the same bytes each time.
 * @throws Refusal `e_invoice_impossible` where EN 16931 wants to know what the document does not say
 */
export async function documentFile(document: BillingDocument, form: DocumentForm): Promise<DocumentFile> {
  const name = document.number.replace(/[^\w.-]/g, '_');
  if (form.kind === 'xml')
    return {
      bytes: Buffer.from(eInvoiceText(document, form.syntax), 'utf8'),
      contentType: 'application/xml; charset=utf-8',
      name: `${name}.xml`,
    };
  const facturX = form.embed === undefined ? undefined : eInvoiceText(document, form.embed);
  const { renderPdf } = await import('./pdf/invoice-pdf.js'); // with its fonts: a service that prints nothing starts without them
  return { bytes: await renderPdf(document, facturX), contentType: 'application/pdf', name: `${name}.pdf` };
}

function eInvoiceText(document: BillingDocument, syntax: Syntax): string {
  const problems = obstacles(document);
  if (problems.length > 0)
    throw new Refusal(
      'conflict',
      'e_invoice_impossible',
      `${document.number} cannot be an e-invoice of EN 16931: ${problems.map(({ detail }) => detail).join(' ')} A document keeps what it was issued with: complete seller, account or tax rates, void it and bill anew; its PDF is there all the same.`,
      problems,
    );
  const invoice = eInvoiceOf(document);
  return serializeXml(syntax === 'ubl' ? ublOf(invoice) : ciiOf(invoice));
}
