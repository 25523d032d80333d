import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { type EventType, Outbox } from '../common/events/outbox.js';
import { balanceAppliedOf } from '../domain/billing/draft.js';
import { formatMoney } from '../domain/currency.js';
import { latest } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { LedgerService } from '../ledger/ledger.service.js';
import { balancesOf, insertBalanceChanges } from './balances.js';
import { dueBy } from './billing-state.js';
import { applicationsTo } from './grants/grant-entries.js';
import { ReleaseGrants } from './grants/release-grants.js';
import { voidBooksOf, writeOffOf } from './invoice-books.js';
import { type Closed, close, type InvoiceSettlement } from './invoice-settlements.js';
import type { InvoiceRow } from './invoice-view.js';
import { unsettle } from './settlements.js';

/** Who wants an invoice to be closed, and why. */
export interface CloseOrder {
  readonly actor: Actor;
  readonly reason: string;
}

export interface ClosingInvoice {
  readonly invoice: InvoiceRow;
  readonly settlement: InvoiceSettlement;
}

/** Ends what is asked for by an invoice. The caller has locked its settlement and the billing of its account. */
@Injectable()
export class CloseInvoices {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly ledger: LedgerService,
    private readonly outbox: Outbox,
    private readonly grants: ReleaseGrants,
  ) {}

  /**
   * The invoice counts for nothing from now on; it keeps its number. Its lines are billed again by the next run, or count as billed where
   * `rebill` is false. What grants and the balance paid goes back to them.
   * @throws Refusal `invoice_void`, `invoice_uncollectible`, `invoice_paid`, `invoice_credited`, `invoice_adjusted`, `balance_spent`, `waiver_of_credits`
   */
  async void(tx: Tx, closing: ClosingInvoice, { rebill, ...order }: CloseOrder & { readonly rebill: boolean }): Promise<void> {
    const { invoice, settlement } = closing;
    const { accountId, id } = invoice;
    refuseSettled(closing);
    await refuseAdjusted(tx, invoice);
    if (!rebill) await refuseWaiverOfCredits(tx, invoice);
    await refuseSpent(tx, invoice);
    const at = latest(this.clock.now(), invoice.issuedAt);
    await close(tx, settlement, { as: 'void', waived: !rebill, at });
    const grantsApplied = await applicationsTo(tx, [invoice]);
    const amountMinor = balanceAppliedOf({ ...invoice, grantsApplied }) - invoice.creditedMinor;
    await insertBalanceChanges(tx, [{ accountId, at, amountMinor, causeKind: 'void', causeId: id }]);
    const booked = { ...invoice, grantsApplied, seller: sellerOf(invoice) };
    const { entries, revenue } = voidBooksOf(booked, await this.ledger.revenueOf(tx, accountId, id), at);
    await this.ledger.post(tx, entries);
    await this.ledger.recordRevenue(tx, revenue);
    await this.grants.run(tx, order.actor, booked);
    await unsettle(tx, accountId);
    if (rebill) await dueBy(tx, accountId, at);
    await this.tell(tx, closing, { ...order, as: 'void', type: 'invoice.voided', more: { rebill } });
  }

  /**
   * What is open is written off; it may still come in. @throws Refusal `invoice_void`, `invoice_uncollectible`, `nothing_due`
   */
  async markUncollectible(tx: Tx, closing: ClosingInvoice, order: CloseOrder): Promise<void> {
    const { invoice, settlement } = closing;
    const { currency } = invoice;
    refuseClosed(closing, 'It may still be paid, or credited.');
    if (settlement.openMinor === 0n) throw new Refusal('conflict', 'nothing_due', `Nothing is left to pay on ${invoice.number}.`);
    const at = latest(this.clock.now(), invoice.issuedAt);
    await close(tx, settlement, { as: 'uncollectible', waived: false, at });
    await this.ledger.post(tx, [writeOffOf({ ...invoice, seller: sellerOf(invoice) }, settlement.openMinor, at)]);
    const more = { amount: formatMoney(settlement.openMinor, currency) };
    await this.tell(tx, closing, { ...order, as: 'uncollectible', type: 'invoice.marked_uncollectible', more });
  }

  private async tell(
    tx: Tx,
    { invoice: { accountId, id, number, currency, status } }: ClosingInvoice,
    { actor, reason, as, type, more }: CloseOrder & { readonly as: Closed; readonly type: EventType; readonly more: object },
  ): Promise<void> {
    await this.audit.record(tx, {
      actor,
      action: type,
      accountId,
      subjectType: 'invoice',
      subjectId: id,
      before: { status },
      after: { status: as, ...more },
      reason,
    });
    await this.outbox.add(tx, [{ accountId, type, data: { invoice: id, number, currency, reason, ...more } }]);
  }
}

/** @throws Refusal `invoice_void`, `invoice_uncollectible` */
export function refuseClosed({ invoice, settlement }: ClosingInvoice, otherwise?: string): void {
  if (settlement.closed === 'void')
    throw new Refusal('conflict', 'invoice_void', `${invoice.number} is void: it counts for nothing, and stays so.`);
  if (settlement.closed === 'uncollectible' && otherwise !== undefined)
    throw new Refusal('conflict', 'invoice_uncollectible', `${invoice.number} was written off. ${otherwise}`);
}

function refuseSettled(closing: ClosingInvoice): void {
  const { invoice, settlement } = closing;
  refuseClosed(closing, 'Credit what should not have been charged.');
  if (settlement.paidMinor > 0n)
    throw new Refusal(
      'conflict',
      'invoice_paid',
      `Something was paid on ${invoice.number}: issue a credit note, and say how it is settled.`,
    );
  if (invoice.creditNotedMinor > 0n)
    throw new Refusal(
      'conflict',
      'invoice_credited',
      `A credit note was issued for ${invoice.number}: credit the rest, where it should not have been charged.`,
    );
}

const sellerOf = ({ snapshot }: InvoiceRow): string => String(snapshot.seller['key']);

/** What it put on the balance must still be there to be taken back. */
async function refuseSpent(tx: Tx, { accountId, number, currency, creditedMinor }: InvoiceRow): Promise<void> {
  const balanceMinor = (await balancesOf(tx, [accountId])).get(accountId) ?? 0n;
  if (creditedMinor > balanceMinor)
    throw new Refusal(
      'conflict',
      'balance_spent',
      `${number} put ${formatMoney(creditedMinor, currency)} ${currency} on the balance, of which ${formatMoney(balanceMinor, currency)} is left: void the invoices that it paid first, the newest before the others.`,
    );
}

/** What gives back or corrects a line that counts for nothing would give back money that nobody was asked for. */
async function refuseAdjusted(tx: Tx, { accountId, id, number }: InvoiceRow): Promise<void> {
  const [adjusting] = await tx.query<{ number: string }[]>(
    `select i.number from invoice_line l join invoice i on i.account_id = l.account_id and i.id = l.invoice_id
     join invoice_settlement s on s.account_id = l.account_id and s.invoice_id = l.invoice_id
     where l.account_id = $1 and l.invoice_id <> $2 and s.closed is distinct from 'void'
       and l.adjusts in (select o.id from invoice_line o where o.account_id = $1 and o.invoice_id = $2)
     order by i.issued_at desc, i.id desc limit 1`,
    [accountId, id],
  );
  if (adjusting)
    throw new Refusal(
      'conflict',
      'invoice_adjusted',
      `${adjusting.number} credits or corrects lines of ${number}: void that one first, or issue a credit note.`,
    );
}

async function refuseWaiverOfCredits(tx: Tx, { accountId, id, number }: InvoiceRow): Promise<void> {
  const [credit] = await tx.query<unknown[]>(
    'select 1 from invoice_line where account_id = $1 and invoice_id = $2 and amount_minor < 0 and subscription is not null limit 1',
    [accountId, id],
  );
  if (credit)
    throw new Refusal(
      'conflict',
      'waiver_of_credits',
      `${number} gives back what was charged before, which is not waived: leave "rebill" out, or issue a credit note for its charges.`,
    );
}
