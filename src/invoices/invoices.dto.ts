import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { INVOICE_TYPES, type InvoiceType } from '../domain/billing/draft.js';
import { IsInstant, IsKey } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';
import { PeriodView } from '../subscriptions/subscriptions.dto.js';
import { AppliedView } from './applied.dto.js';

const STATUSES = ['draft', 'finalized', 'paid', 'void', 'uncollectible'] as const;
const KINDS = ['one_time', 'recurring', 'metered', 'adjustment', 'minimum'] as const;
const WAIT_SECONDS_MAX = 300;
export const WAIT_SECONDS = 60;

export class InvoicesQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only invoices of this account (its key).' })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only invoices in this state.', enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];

  @ApiPropertyOptional({ description: 'Issued at this instant or later.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ description: 'Issued before this instant.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  to?: string;
}

export class BreakdownView {
  @ApiProperty({ description: 'What the step does.', example: 'billable' })
  step!: string;

  @ApiPropertyOptional({ description: 'A quantity, with at most 6 decimals; of the step `share`, a fraction.', example: '372' })
  quantity?: string;

  @ApiPropertyOptional({ description: 'The upper bound of a tier.', type: String, nullable: true })
  upTo?: string | null;

  @ApiPropertyOptional({ description: 'The price of one unit.' })
  unitPrice?: string;

  @ApiPropertyOptional({ description: 'The flat price of a tier.' })
  flatPrice?: string;

  @ApiPropertyOptional({ description: 'A rate as a decimal fraction.' })
  rate?: string;

  @ApiPropertyOptional({ description: 'What the step contributes, not rounded to the currency.' })
  amount?: string;
}

export class InvoiceLineView {
  @ApiProperty({ description: 'Names the line; null on a draft.', type: String, nullable: true })
  id!: string | null;

  @ApiProperty({ description: 'What kind of charge it is.', enum: KINDS })
  kind!: string;

  @ApiProperty({
    description: 'The subscription that is charged for; null, with its plan, for a line that was added by hand.',
    type: String,
    nullable: true,
  })
  subscription!: string | null;

  @ApiProperty({ description: 'Key of its plan.', type: String, nullable: true })
  plan!: string | null;

  @ApiProperty({ description: 'The version of the plan.', type: 'integer', nullable: true })
  planVersion!: number | null;

  @ApiProperty({ description: 'Key of the price; null for a minimum commitment, and by hand.', type: String, nullable: true })
  price!: string | null;

  @ApiProperty({ description: 'For people.' })
  description!: string;

  @ApiProperty({ description: 'The quantity, before free units, with at most 6 decimals.', example: '3' })
  quantity!: string;

  @ApiProperty({ description: 'The price of one unit, where there is one.', type: String, nullable: true })
  unitPrice!: string | null;

  @ApiProperty({ description: 'Before discount and tax.', example: '12.00' })
  amount!: string;

  @ApiProperty({ description: 'What coupons took off.', example: '0.00' })
  discount!: string;

  @ApiProperty({ description: 'What is paid for.', type: PeriodView })
  servicePeriod!: PeriodView;

  @ApiProperty({ description: "Whether the amount is a share of a whole period's." })
  proration!: boolean;

  @ApiProperty({ description: 'The line that this one credits or corrects.', type: String, nullable: true })
  adjusts!: string | null;

  @ApiProperty({
    description: 'The values by which the usage was told apart.',
    type: 'object',
    nullable: true,
    additionalProperties: { type: 'string' },
  })
  groups!: Readonly<Record<string, string>> | null;

  @ApiProperty({ description: 'How the amount came about.', type: [BreakdownView] })
  breakdown!: BreakdownView[];

  @ApiProperty({ description: 'Keys of the tax rates that it bears.', type: [String] })
  taxRates!: string[];
}

export class InvoiceTaxView {
  @ApiProperty({ description: 'Key of the tax rate.' })
  taxRate!: string;

  @ApiProperty({ description: 'Its name.' })
  name!: string;

  @ApiProperty({ description: 'A decimal fraction.', example: '0.20' })
  rate!: string;

  @ApiProperty({ description: 'The category of EN 16931.', example: 'S' })
  category!: string;

  @ApiProperty({ description: 'Whether amounts contain it.' })
  inclusive!: boolean;

  @ApiProperty({ description: 'Why no tax is charged: the remark that the law wants; null where tax is.', type: String, nullable: true })
  exemptionReason!: string | null;

  @ApiProperty({ description: 'What it is applied to.' })
  taxable!: string;

  @ApiProperty({ description: 'The tax.' })
  amount!: string;
}

/** A draft, or a finalized invoice: nothing of that ever changes but what became of it. */
export class InvoiceView {
  @ApiProperty({ description: 'Names the invoice.' })
  id!: string;

  @ApiProperty({
    description: 'Its number: in each series without a gap; null for a draft.',
    type: String,
    nullable: true,
    example: 'INV-000042',
  })
  number!: string | null;

  @ApiProperty({ description: 'What made it: what subscriptions owe, or a person (`one_off`).', enum: INVOICE_TYPES })
  type!: InvoiceType;

  @ApiProperty({
    description:
      'A draft is not asked for. Paid when nothing is left to pay. Void: it counts for nothing. Uncollectible: it was written off, and may still be paid.',
    enum: STATUSES,
  })
  status!: string;

  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'What had fallen due by then is on it.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: 'When it was finalized; null for a draft.', type: String, nullable: true, format: 'date-time' })
  issuedAt!: string | null;

  @ApiProperty({
    description: 'When a draft finalizes by itself; null for one that a person finalizes.',
    type: String,
    nullable: true,
    format: 'date-time',
  })
  finalizesAt!: string | null;

  @ApiProperty({ description: 'When it is to be paid; null for a draft.', type: String, nullable: true, format: 'date-time' })
  dueAt!: string | null;

  @ApiProperty({
    description: "Days from issue until it is due, where it has terms of its own; null for the account's, or else the seller's.",
    type: 'integer',
    nullable: true,
  })
  paymentTermsDays!: number | null;

  @ApiProperty({ description: 'A note to the buyer.', type: String, nullable: true })
  memo!: string | null;

  @ApiProperty({ description: "Number of the buyer's purchase order.", type: String, nullable: true, example: 'PO-4711' })
  purchaseOrder!: string | null;

  @ApiProperty({ description: 'The start of the earliest service.', format: 'date-time' })
  periodStart!: string;

  @ApiProperty({ description: 'The end of the latest service.', format: 'date-time' })
  periodEnd!: string;

  @ApiProperty({ description: 'What is charged.', type: [InvoiceLineView] })
  lines!: InvoiceLineView[];

  @ApiProperty({ description: 'The sum of the lines.' })
  subtotal!: string;

  @ApiProperty({ description: 'The sum of the discounts.' })
  discount!: string;

  @ApiProperty({ description: 'Tax per rate, on the sum of its lines.', type: [InvoiceTaxView] })
  taxes!: InvoiceTaxView[];

  @ApiProperty({ description: 'The sum of the taxes.' })
  tax!: string;

  @ApiProperty({ description: 'total = amountApplied + amountDue - balanceCredited.' })
  total!: string;

  @ApiProperty({ description: "Paid from credit grants and from the account's balance." })
  amountApplied!: string;

  @ApiProperty({ description: 'What that consists of, in the order in which it was used.', type: [AppliedView] })
  applied!: AppliedView[];

  @ApiProperty({ description: 'What was to be collected.' })
  amountDue!: string;

  @ApiProperty({ description: 'What of it was paid.' })
  amountPaid!: string;

  @ApiProperty({ description: 'The sum of its credit notes, tax included.' })
  amountCredited!: string;

  @ApiProperty({ description: 'What of it was written off, and has not come in since.' })
  amountUncollectible!: string;

  @ApiProperty({ description: 'What is left to pay.' })
  amountOpen!: string;

  @ApiProperty({ description: "A total below zero, put on the account's balance." })
  balanceCredited!: string;

  @ApiProperty({ description: 'When nothing was left to pay.', type: String, nullable: true, format: 'date-time' })
  paidAt!: string | null;

  @ApiProperty({ description: 'When it was voided.', type: String, nullable: true, format: 'date-time' })
  voidedAt!: string | null;

  @ApiProperty({ description: 'When it was written off.', type: String, nullable: true, format: 'date-time' })
  markedUncollectibleAt!: string | null;

  @ApiProperty({ description: 'When it was last told to be sent.', type: String, nullable: true, format: 'date-time' })
  sentAt!: string | null;

  @ApiProperty({ description: 'Who sold, as it was then.', type: 'object', additionalProperties: true })
  seller!: Record<string, unknown>;

  @ApiProperty({ description: 'Who bought, as it was then.', type: 'object', additionalProperties: true })
  buyer!: Record<string, unknown>;
}

export class CreateBillRunDto {
  @ApiProperty({ description: 'Bills what has fallen due by then.', format: 'date-time' })
  @IsInstant()
  asOf!: string;

  @ApiPropertyOptional({ description: 'Only says what would be billed, and stores nothing of it.', default: false })
  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;

  @ApiPropertyOptional({
    description: 'How long to wait for the run to finish; it goes on all the same.',
    type: 'integer',
    minimum: 0,
    maximum: WAIT_SECONDS_MAX,
    default: WAIT_SECONDS,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(WAIT_SECONDS_MAX)
  waitSeconds?: number;
}

export class BillRunView {
  @ApiProperty({ description: 'Names the run.' })
  id!: string;

  @ApiProperty({ description: 'What had fallen due by then.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: 'Whether nothing was stored.' })
  dryRun!: boolean;

  @ApiProperty({ description: 'How far it is.', enum: ['queued', 'running', 'finished'] })
  status!: string;

  @ApiProperty({ description: 'When it was asked for.', format: 'date-time' })
  requestedAt!: string;

  @ApiProperty({ description: 'When it finished.', type: String, nullable: true, format: 'date-time' })
  finishedAt!: string | null;

  @ApiProperty({ description: 'Accounts looked at.', type: 'integer' })
  accounts!: number;

  @ApiProperty({ description: 'Invoices made.', type: 'integer' })
  invoices!: number;

  @ApiProperty({ description: 'Accounts that could not be billed and wait for you.', type: 'integer' })
  parked!: number;

  @ApiProperty({
    description: 'Sums of the totals, by currency.',
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { USD: '787.74' },
  })
  totals!: Record<string, string>;
}

export class BillAccountDto {
  @ApiPropertyOptional({ description: 'Bills what has fallen due by then; now, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  asOf?: string;

  @ApiPropertyOptional({ description: "Bills though it is out of the currency's billing bounds: you have looked at it.", default: false })
  @IsOptional()
  @IsBoolean()
  ignoreBounds?: boolean;
}

export class BillAccountView {
  @ApiProperty({ description: 'Invoices made.', type: 'integer' })
  invoices!: number;

  @ApiProperty({ description: 'Whether the account could not be billed.' })
  parked!: boolean;
}

export class BalanceView {
  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'Credit that is applied to the next invoices, after the credit grants.', example: '21.94' })
  balance!: string;

  @ApiProperty({ description: 'What is left of the credit grants that have not expired.', example: '39.00' })
  creditGrants!: string;
}

export class ParkedAccountView {
  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'The rule that stopped it.' })
  rule!: string;

  @ApiProperty({ description: 'What happened.' })
  detail!: string;

  @ApiProperty({ description: 'What to do.' })
  remedy!: string;

  @ApiProperty({ description: 'As of when it was to be billed.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({ description: 'When it was parked.', format: 'date-time' })
  at!: string;
}
