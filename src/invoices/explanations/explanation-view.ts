import type { BilledLine } from '../../domain/billing/line.js';
import { formatMoney } from '../../domain/currency.js';
import { shown } from '../../domain/decimal.js';
import type { SharedOut } from '../../domain/explanation/shared-out.js';
import { formatInstant, type Stretch } from '../../domain/instant.js';
import { lineView } from '../invoice-view.js';
import type { ExplainedLine, UsageOfDay } from './explain-line.js';
import type {
  AdjustedLineView,
  ExplainedProrationView,
  ExplainedUsageView,
  LineExplanationView,
  UsageOfDayView,
} from './explanations.dto.js';

/** What a view needs besides the explanation. */
export interface ExplanationNames {
  /** Key of the account. */
  readonly account: string;
  readonly planName: string | null;
  /** The invoice of the line that is adjusted. */
  readonly adjusted: { readonly id: string; readonly number: string } | undefined;
}

export function explanationView(explained: ExplainedLine, { account, planName, adjusted }: ExplanationNames): LineExplanationView {
  const { invoice, line, explanation } = explained;
  const { id, number, currency } = invoice;
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, currency);
  return {
    invoice: { id, number, account, currency, issuedAt: formatInstant(invoice.issuedAt) },
    line: lineView(line, currency),
    plan:
      line.plan === null || line.planVersion === null ? null : { key: line.plan, version: line.planVersion, name: planName ?? line.plan },
    price: explanation.price ?? null,
    proration: explanation.proration ? prorationView(explanation.proration) : null,
    steps: [...explanation.steps],
    amount: money(explanation.amountMinor),
    reproduces: explanation.reproduces,
    discounts: explanation.discounts.map(({ amountMinor, steps, ...discount }) => ({
      ...discount,
      steps: [...steps],
      amount: money(amountMinor),
    })),
    adjusts: explanation.origin ? adjustedView(explanation.origin, { adjusted, amount: money(explanation.origin.amountMinor) }) : null,
    usage: usageView(explained),
    warnings: [...explanation.warnings],
  };
}

const periodView = ({ start, end }: Stretch): { start: string; end: string } => ({ start: formatInstant(start), end: formatInstant(end) });

const prorationView = ({ period, ...rest }: SharedOut): ExplainedProrationView => ({ ...rest, period: periodView(period) });

const adjustedView = (
  { id, description, servicePeriod }: BilledLine,
  { adjusted, amount }: Pick<ExplanationNames, 'adjusted'> & { readonly amount: string },
): AdjustedLineView => ({
  line: adjusted ? id : null,
  invoice: adjusted?.id ?? null,
  number: adjusted?.number ?? null,
  description,
  amount,
  servicePeriod: periodView(servicePeriod),
});

function usageView({ invoice, line, question, days }: ExplainedLine): ExplainedUsageView | null {
  if (!question) return null;
  return {
    meter: question.meter,
    period: periodView({ start: question.from, end: question.to }),
    events: `/v2/invoices/${invoice.id}/lines/${line.id}/events`,
    days: days?.map(dayView) ?? null,
  };
}

const dayView = ({ usage: { quantity, events }, ...day }: UsageOfDay): UsageOfDayView => ({
  ...periodView(day),
  quantity: quantity === null ? null : shown(quantity),
  events: Number(events),
});
