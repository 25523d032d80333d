import { ApiProperty, PickType } from '@nestjs/swagger';
import { InvoiceLineView, InvoiceView } from '../invoices.dto.js';

const AMOUNTS = [
  'currency',
  'subtotal',
  'discount',
  'taxes',
  'tax',
  'total',
  'amountApplied',
  'applied',
  'amountDue',
  'balanceCredited',
] as const satisfies readonly (keyof InvoiceView)[];

/** An invoice as it would be. */
export class InvoicePreviewView extends PickType(InvoiceView, AMOUNTS) {
  @ApiProperty({ description: 'When it would be billed.', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'Its lines. Their ids are of this preview alone.', type: [InvoiceLineView] })
  lines!: InvoiceLineView[];
}

export class PreviewView {
  @ApiProperty({ description: 'What would be billed at once; null where nothing would.', type: InvoicePreviewView, nullable: true })
  dueNow!: InvoicePreviewView | null;

  @ApiProperty({
    description: 'The next invoice after that, with usage as it is known now; null where there would be none.',
    type: InvoicePreviewView,
    nullable: true,
  })
  nextInvoice!: InvoicePreviewView | null;
}
