import { ApiProperty, PickType } from '@nestjs/swagger';
import { BackfillView } from '../../usage/corrections/backfills.dto.js';
import { InvoiceLineView } from '../invoices.dto.js';
import { InvoicePreviewView } from './previews.dto.js';

const SHOWN = [
  'kind',
  'subscription',
  'price',
  'description',
  'servicePeriod',
  'groups',
] as const satisfies readonly (keyof InvoiceLineView)[];

export class LineDifferenceView extends PickType(InvoiceLineView, SHOWN) {
  @ApiProperty({ description: 'Its amount without the back-fill; null where there is no such line.', type: String, nullable: true })
  without!: string | null;

  @ApiProperty({ description: 'Its amount with it; null where there is no such line.', type: String, nullable: true })
  with!: string | null;

  @ApiProperty({ description: 'What the back-fill makes of it.', example: '-1.20' })
  difference!: string;
}

export class ComparedBillView {
  @ApiProperty({ description: 'As it is; null where nothing would be billed.', type: InvoicePreviewView, nullable: true })
  without!: InvoicePreviewView | null;

  @ApiProperty({ description: 'With the back-fill; null where nothing would be billed.', type: InvoicePreviewView, nullable: true })
  with!: InvoicePreviewView | null;

  @ApiProperty({ description: 'Line by line.', type: [LineDifferenceView] })
  lines!: LineDifferenceView[];

  @ApiProperty({ description: 'Of the totals, with discounts and tax.', example: '-1.20' })
  difference!: string;
}

export class BackfillEffectView {
  @ApiProperty({ description: "The account's currency." })
  currency!: string;

  @ApiProperty({
    description: 'What would be billed at once, if the account were billed now: adjustments of what was billed are here.',
    type: ComparedBillView,
  })
  dueNow!: ComparedBillView;

  @ApiProperty({ description: 'The next invoice after that, with usage as it is known now.', type: ComparedBillView })
  nextInvoice!: ComparedBillView;
}

export class BackfillAnswerView {
  @ApiProperty({ description: 'Events added.', type: 'integer' })
  added!: number;

  @ApiProperty({ description: 'Events voided.', type: 'integer' })
  voided!: number;

  @ApiProperty({ description: 'What was done; null for a dry run.', type: BackfillView, nullable: true })
  backfill!: BackfillView | null;

  @ApiProperty({ description: 'What a dry run would come to in money; null where it was done.', type: BackfillEffectView, nullable: true })
  effect!: BackfillEffectView | null;
}

export class EventLineView {
  @ApiProperty({ description: 'Id of the invoice.' })
  invoice!: string;

  @ApiProperty({ description: 'Its number.' })
  number!: string;

  @ApiProperty({ description: 'The line.', type: InvoiceLineView })
  line!: InvoiceLineView;
}

export class EventLinesView {
  @ApiProperty({ description: 'In the order of billing.', type: [EventLineView] })
  data!: EventLineView[];
}
