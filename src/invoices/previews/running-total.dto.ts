import { ApiProperty, PickType } from '@nestjs/swagger';
import { PeriodView } from '../../subscriptions/subscriptions.dto.js';
import { InvoiceLineView } from '../invoices.dto.js';
import { InvoicePreviewView } from './previews.dto.js';

const SHARED = ['subscription', 'plan', 'planVersion', 'description', 'unitPrice', 'groups', 'breakdown'] as const;

/** The line of a metered price as it stands now. */
export class RunningLineView extends PickType(InvoiceLineView, SHARED) {
  @ApiProperty({ description: 'Key of the price.' })
  price!: string;

  @ApiProperty({ description: 'Key of its meter.', example: 'node-hours' })
  meter!: string;

  @ApiProperty({ description: 'What was used so far, with at most 6 decimals.', example: '372' })
  quantity!: string;

  @ApiProperty({ description: 'What of it is charged: without what is free.', example: '0' })
  billable!: string;

  @ApiProperty({ description: 'What it comes to so far, before discount and tax, and without a minimum.', example: '7.44' })
  amount!: string;

  @ApiProperty({ description: 'What the line will come to at least; null where it has no minimum.', type: String, nullable: true })
  minimum!: string | null;

  @ApiProperty({ description: 'The service period that runs. At its end the line is billed.', type: PeriodView })
  servicePeriod!: PeriodView;
}

export class RunningCommitmentView extends PickType(InvoiceLineView, ['subscription', 'plan', 'planVersion'] as const) {
  @ApiProperty({ description: "What the plan's metered lines of the service period must come to.", example: '100.00' })
  commitment!: string;

  @ApiProperty({ description: 'What of it is not reached so far: charged at the end unless it is.', example: '40.00' })
  missing!: string;

  @ApiProperty({ description: 'The service period that runs.', type: PeriodView })
  servicePeriod!: PeriodView;
}

export class RunningTotalView {
  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'Usage up to here.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: "The account's currency, in which all of it is.", example: 'USD' })
  currency!: string;

  @ApiProperty({
    description: 'One for each metered price that is charged now; for each group used, where it has groups.',
    type: [RunningLineView],
  })
  data!: RunningLineView[];

  @ApiProperty({ description: 'Minimum commitments of plans, which are no part of the total.', type: [RunningCommitmentView] })
  commitments!: RunningCommitmentView[];

  @ApiProperty({ description: 'The sum of the amounts.', example: '7.44' })
  total!: string;
}

export class UpcomingInvoiceView {
  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({
    description: 'The next invoice, if nothing changes and levels stay as they are; null where there would be none.',
    type: InvoicePreviewView,
    nullable: true,
  })
  nextInvoice!: InvoicePreviewView | null;
}
