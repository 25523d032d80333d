import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { PeriodView } from '../../subscriptions/subscriptions.dto.js';
import { InvoiceLineView, InvoiceView } from '../invoices.dto.js';

const WARNINGS = ['quantity_below_zero', 'usage_changed', 'usage_archived', 'not_reproduced'] as const;
const BASES = ['second', 'day'] as const;

export class ExplainedStepView {
  @ApiProperty({ description: 'What the step does.', example: 'tier' })
  step!: string;

  @ApiProperty({ description: 'As a sentence.', example: '10 falls into the tier up to 10: 10 x 0.25 = 2.5 USD.' })
  text!: string;

  @ApiPropertyOptional({ description: 'A quantity in full: a decimal, or "n/d" where no decimal can write it.', example: '10' })
  quantity?: string;

  @ApiPropertyOptional({ description: 'A part of a whole: "n/d".', example: '2/3' })
  share?: string;

  @ApiPropertyOptional({ description: 'What the step comes to, in full and in major units: a decimal, or "n/d".', example: '2.5' })
  amount?: string;
}

export class ExplainedInvoiceView extends PickType(InvoiceView, ['id', 'number', 'account', 'currency', 'issuedAt'] as const) {}

export class ExplainedPlanView {
  @ApiProperty({ description: 'Key of the plan.' })
  key!: string;

  @ApiProperty({ description: 'The version that was held.', type: 'integer' })
  version!: number;

  @ApiProperty({ description: 'Its name.' })
  name!: string;
}

export class ExplainedProrationView {
  @ApiProperty({ description: 'What was counted: seconds, or local days.', enum: BASES })
  basis!: string;

  @ApiProperty({ description: 'Whose days they are.', example: 'Europe/Berlin' })
  timeZone!: string;

  @ApiProperty({ description: 'The whole that the line is a part of.', type: PeriodView })
  period!: PeriodView;

  @ApiProperty({ description: 'Seconds or days of the part.', example: '1296000' })
  part!: string;

  @ApiProperty({ description: 'Seconds or days of the whole.', example: '2592000' })
  whole!: string;

  @ApiProperty({ description: 'part / whole, as "n/d".', example: '1/2' })
  share!: string;
}

export class ExplainedDiscountView {
  @ApiProperty({ description: 'Key of the coupon.' })
  coupon!: string;

  @ApiProperty({ description: 'What it took off the line.', example: '3.30' })
  amount!: string;

  @ApiProperty({ description: 'Whether the steps come to that.' })
  reproduces!: boolean;

  @ApiProperty({ description: 'How it was spread.', type: [ExplainedStepView] })
  steps!: ExplainedStepView[];
}

export class AdjustedLineView {
  @ApiProperty({ description: 'Id of the line that is adjusted; null for what was paid in another system.', type: String, nullable: true })
  line!: string | null;

  @ApiProperty({ description: 'Id of its invoice.', type: String, nullable: true })
  invoice!: string | null;

  @ApiProperty({ description: 'Number of its invoice.', type: String, nullable: true })
  number!: string | null;

  @ApiProperty({ description: 'For people.' })
  description!: string;

  @ApiProperty({ description: 'Its amount, before discount and tax.', example: '31.00' })
  amount!: string;

  @ApiProperty({ description: 'What it charged for.', type: PeriodView })
  servicePeriod!: PeriodView;
}

export class UsageOfDayView extends PeriodView {
  @ApiProperty({ description: 'Usage of that time, with at most 6 decimals; null where the meter has none.', type: String, nullable: true })
  quantity!: string | null;

  @ApiProperty({ description: 'Events of that time.', type: 'integer' })
  events!: number;
}

export class ExplainedUsageView {
  @ApiProperty({ description: 'Key of the meter.' })
  meter!: string;

  @ApiProperty({ description: 'The time whose usage is charged.', type: PeriodView })
  period!: PeriodView;

  @ApiProperty({ description: 'Where the events that are counted now are listed.', example: '/v2/invoices/inv_.../lines/line_.../events' })
  events!: string;

  @ApiProperty({
    description:
      'By local day of the subscription, as it is known now; null where it cannot be told any more. They add up to the quantity where the meter adds up (count, sum, time_weighted).',
    type: [UsageOfDayView],
    nullable: true,
  })
  days!: UsageOfDayView[] | null;
}

export class ExplanationWarningView {
  @ApiProperty({ description: 'What to know.', enum: WARNINGS })
  code!: string;

  @ApiProperty({ description: 'For people.' })
  detail!: string;
}

export class LineExplanationView {
  @ApiProperty({ description: 'The invoice.', type: ExplainedInvoiceView })
  invoice!: ExplainedInvoiceView;

  @ApiProperty({ description: 'The line, as it was billed.', type: InvoiceLineView })
  line!: InvoiceLineView;

  @ApiProperty({ description: 'What was held; null for what was added by hand.', type: ExplainedPlanView, nullable: true })
  plan!: ExplainedPlanView | null;

  @ApiProperty({
    description: "The price with its tiers, as the subscription had it; null for a plan's commitment.",
    type: 'object',
    nullable: true,
    additionalProperties: true,
  })
  price!: object | null;

  @ApiProperty({ description: 'Where the line is for a part of a whole; null otherwise.', type: ExplainedProrationView, nullable: true })
  proration!: ExplainedProrationView | null;

  @ApiProperty({ description: 'The arithmetic, in order, before discount and tax.', type: [ExplainedStepView] })
  steps!: ExplainedStepView[];

  @ApiProperty({ description: 'What the steps come to.', example: '2.75' })
  amount!: string;

  @ApiProperty({ description: "Whether that is exactly the line's amount, and so for its discounts." })
  reproduces!: boolean;

  @ApiProperty({ description: 'What coupons took off.', type: [ExplainedDiscountView] })
  discounts!: ExplainedDiscountView[];

  @ApiProperty({ description: 'What the line credits or corrects; null for a charge.', type: AdjustedLineView, nullable: true })
  adjusts!: AdjustedLineView | null;

  @ApiProperty({ description: 'The usage behind the quantity; null where no meter is.', type: ExplainedUsageView, nullable: true })
  usage!: ExplainedUsageView | null;

  @ApiProperty({ description: 'What to know about it.', type: [ExplanationWarningView] })
  warnings!: ExplanationWarningView[];
}
