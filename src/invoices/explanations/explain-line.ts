import { Injectable } from '@nestjs/common';
import type { Tx } from '../../common/database/database.js';
import type { InvoicedLine } from '../../domain/billing/creditable.js';
import type { UsageFilter } from '../../domain/catalog.js';
import { isOfSubscription, type SubscriptionLine } from '../../domain/explanation/expected-then.js';
import {
  explainLine,
  explainManual,
  type LineExplanation,
  prepareExplanation,
  type PreparedExplanation,
} from '../../domain/explanation/explain-line.js';
import type { ExplanationWarning } from '../../domain/explanation/step.js';
import { ownUsage } from '../../domain/explanation/usage-steps.js';
import type { Stretch } from '../../domain/instant.js';
import type { GroupUsage, UsageAnswer, UsageQuestion } from '../../domain/metering/question.js';
import { Refusal } from '../../domain/refusal.js';
import { startOf } from '../../domain/subscription/lifecycle.js';
import { couponsRedeemed } from '../../domain/subscription/redemptions.js';
import { PlansService } from '../../plans/plans.service.js';
import { SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import { usageSeries } from '../../usage/usage-series.js';
import { UsageService } from '../../usage/usage.service.js';
import type { InvoiceRow } from '../invoice-view.js';
import { InvoicesService } from '../invoices.service.js';
import { linesThen } from './lines-then.js';

/** Usage of one local day. */
export interface UsageOfDay extends Stretch {
  readonly usage: GroupUsage;
}

/** A line with all that is known of how it came about. */
export interface ExplainedLine {
  readonly invoice: InvoiceRow;
  readonly line: InvoicedLine;
  readonly explanation: LineExplanation;
  /** What was asked of the meter; `undefined` for a line that charges no usage. */
  readonly question: UsageQuestion | undefined;
  /** By the subscription's days; `undefined` where they cannot be told any more. */
  readonly days: readonly UsageOfDay[] | undefined;
}

/** Explains lines of invoices, from what they were billed by. Stores nothing. */
@Injectable()
export class ExplainLine {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly subscriptions: SubscriptionsService,
    private readonly plans: PlansService,
    private readonly usage: UsageService,
  ) {}

  /** @throws Refusal `invoice_not_found`, `line_not_found` */
  async run(tx: Tx, idOrNumber: string, lineId: string): Promise<ExplainedLine> {
    const invoice = await this.invoices.row(tx, idOrNumber);
    const line = await this.invoices.line(tx, invoice, lineId);
    if (!isOfSubscription(line))
      return { invoice, line, explanation: explainManual(line, invoice.currency), question: undefined, days: undefined };
    const prepared = await this.prepare(tx, invoice, line);
    const { question, grounds } = prepared;
    const timeZone = startOf(grounds.history).timeZone;
    const asked = question && ofLine(question, line);
    const known = asked && (await this.known(tx, { ...asked, accountId: invoice.accountId }, { line, timeZone }));
    const explanation = explainLine(prepared, known?.answer);
    const warnings = asked && !known ? [...explanation.warnings, ARCHIVED] : explanation.warnings;
    return { invoice, line, explanation: { ...explanation, warnings }, question: asked, days: known?.days };
  }

  /** What the usage of a line is asked by. @throws Refusal `invoice_not_found`, `line_not_found`, `line_without_usage` */
  async question(tx: Tx, idOrNumber: string, lineId: string): Promise<{ line: InvoicedLine; question: UsageQuestion; accountId: string }> {
    const invoice = await this.invoices.row(tx, idOrNumber);
    const line = await this.invoices.line(tx, invoice, lineId);
    const prepared = isOfSubscription(line) ? await this.prepare(tx, invoice, line) : undefined;
    if (!prepared?.question)
      throw new Refusal(
        'unprocessable',
        'line_without_usage',
        `The line "${lineId}" does not charge what a meter counts: no event is behind it.`,
      );
    return { line, question: prepared.question, accountId: invoice.accountId };
  }

  private async prepare(tx: Tx, invoice: InvoiceRow, line: InvoicedLine & SubscriptionLine): Promise<PreparedExplanation> {
    const lines = await linesThen(tx, invoice, line.subscription);
    const history = await this.subscriptions.one(tx, line.subscription);
    const coupons = await this.plans.coupons(tx, couponsRedeemed(history));
    return prepareExplanation({
      line,
      lines,
      invoiced: lines.filter(({ invoiceId }) => invoiceId === invoice.id),
      history,
      versions: await this.subscriptions.versionsOf(tx, [history]),
      coupons: new Map(coupons.map((coupon) => [coupon.key, coupon])),
      currency: invoice.currency,
      asOf: invoice.asOf,
      issuedAt: invoice.issuedAt,
    });
  }

  /** What the meter says now, as a whole and by day; `undefined` where that takes events that are archived. */
  private async known(
    tx: Tx,
    question: UsageQuestion & { readonly accountId: string },
    { line, timeZone }: { readonly line: InvoicedLine; readonly timeZone: string },
  ): Promise<{ answer: UsageAnswer; days: UsageOfDay[] } | undefined> {
    try {
      const [answer = []] = await this.usage.answer(tx, [question]);
      const { freeConcurrent: _free, ...counted } = question;
      const { windows } = await usageSeries(tx, this.usage, counted, { unit: 'day', timeZone });
      return { answer, days: windows.map(({ start, end, usage }) => ({ start, end, usage: ownUsage(line, usage) })) };
    } catch (error) {
      if (error instanceof Refusal && error.code === 'usage_archived') return undefined;
      throw error;
    }
  }
}

const ARCHIVED: ExplanationWarning = {
  code: 'usage_archived',
  detail:
    'Events of this time are archived: the line is explained by the quantity that it was billed with. "wharfage archive --restore" brings them back.',
};

/** Only the usage of the line's own group; groups without a value cannot be filtered by it, and are told apart from all others. */
function ofLine({ groupBy, ...question }: UsageQuestion, { groups }: InvoicedLine): UsageQuestion {
  const values = Object.entries(groups ?? {});
  if (values.length === 0) return question;
  if (values.some(([, value]) => value === '')) return { ...question, ...(groupBy && { groupBy }) };
  const filter: UsageFilter = { ...question.filter, ...Object.fromEntries(values.map(([property, value]) => [property, [value]])) };
  return { ...question, filter };
}
