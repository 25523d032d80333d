import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import type { MeteredPrice } from '../domain/catalog.js';
import { formatInstant } from '../domain/instant.js';
import { passes, propertyText } from '../domain/metering/filter.js';
import type { MeterEvent } from '../domain/metering/meter-event.js';
import { type Holding, holdings, versionKey } from '../domain/subscription/history.js';
import { CorrectEvents } from '../usage/corrections/correct-events.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { LINE_COLUMNS, lineOf, type LineRow } from './billed-lines.js';
import { lineView } from './invoice-view.js';
import type { EventLineView } from './previews/usage-effects.dto.js';

type Row = LineRow & { readonly number: string; readonly currency: string };

/* Relies on invoice_line_pk and invoice_pk. */
const LINES = `
  select l.*, i.number, i.currency
  from (select ${LINE_COLUMNS}, billed_seq from invoice_line
    where account_id = $1 and kind in ('metered', 'adjustment') and price is not null and service_start <= $2 and service_end > $2) l
  join invoice i on i.account_id = l."accountId" and i.id = l."invoiceId"
  order by l.billed_seq`;

/** Which lines of invoices an event went into. */
@Injectable()
export class EventLines {
  constructor(
    private readonly events: CorrectEvents,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /**
   * Lines whose price's meter and filter take the event, whose group is the event's, and whose service period contains its time. In the
   * order of billing. @throws Refusal `event_not_found`
   */
  async run(tx: Tx, eventId: string): Promise<EventLineView[]> {
    const { accountId, event, measures } = await this.events.kept(tx, eventId);
    const meters = new Set(measures.map(({ meter }) => meter.key));
    const rows = await tx.query<Row[]>(LINES, [accountId, formatInstant(event.time)]);
    const histories = await this.subscriptions.ofAccount(tx, accountId);
    const versions = await this.subscriptions.versionsOf(tx, histories);
    const held = histories.flatMap((history) => holdings(history, versions));
    return rows
      .filter((row) => {
        const price = priceOf(row, held);
        return price !== undefined && meters.has(price.meter) && passes(price.filter, event.data) && isOfGroup(row, event);
      })
      .map((row) => ({ invoice: row.invoiceId, number: row.number, line: lineView(lineOf(row), row.currency) }));
  }
}

/** The price that a line is of, with what the subscription has of its own. */
function priceOf({ subscription, plan, planVersion, price: key }: Row, held: readonly Holding[]): MeteredPrice | undefined {
  const holding = held.find(
    (one) => one.subscription === subscription && versionKey(one.plan.plan, one.plan.version) === versionKey(plan ?? '', planVersion ?? 0),
  );
  const price = holding?.plan.prices.find((one) => one.key === key);
  return price?.kind === 'metered' ? price : undefined;
}

const isOfGroup = ({ groups }: Row, { data }: MeterEvent): boolean =>
  Object.entries(groups ?? {}).every(([property, value]) => (propertyText(data, property) ?? '') === value);
