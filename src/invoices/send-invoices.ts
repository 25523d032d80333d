import { Injectable } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { Outbox } from '../common/events/outbox.js';
import { newId } from '../common/ids.js';
import { Mails } from '../common/mail/mails.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { InvoiceSendingView } from './invoice-acts.dto.js';
import { mailFacts } from './mail-facts.js';
import { InvoicesService } from './invoices.service.js';

/** Mails an invoice to its account, and tells of it. Where no mails are sent, the e-mail is for those who listen to the event. */
@Injectable()
export class SendInvoices {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly audit: Audit,
    private readonly invoices: InvoicesService,
    private readonly outbox: Outbox,
    private readonly mails: Mails,
  ) {}

  /** To the e-mail that the account has now. @throws Refusal `invoice_not_found`, `invoice_void`, `no_email` */
  async run(tx: Tx, actor: Actor, idOrNumber: string): Promise<InvoiceSendingView> {
    const invoice = await this.invoices.row(tx, idOrNumber);
    const { accountId, id: invoiceId, number } = invoice;
    const { closed, openMinor } = await this.invoices.settlement(tx, accountId, invoiceId); // what is being voided is not sent
    if (closed === 'void') throw new Refusal('conflict', 'invoice_void', `${number} is void: it counts for nothing, and is not sent.`);
    const account = (await this.accounts.profiles(tx, [accountId])).get(accountId);
    if (!account?.email)
      throw new Refusal('conflict', 'no_email', `The account has no e-mail: give it one with PUT /v2/accounts/${account?.key ?? ''}.`);
    const at = this.clock.now();
    const id = newId('snd', at, accountId);
    await tx.query('insert into invoice_sending (account_id, id, invoice_id, recipient, at) values ($1, $2, $3, $4, $5)', [
      accountId,
      id,
      invoiceId,
      account.email,
      formatInstant(at),
    ]);
    const data = { sending: id, invoice: invoiceId, number, to: account.email };
    await this.audit.record(tx, {
      actor,
      action: 'invoice.sent',
      accountId,
      subjectType: 'invoice',
      subjectId: invoiceId,
      after: { sending: id, to: account.email },
    });
    await this.outbox.add(tx, [{ accountId, type: 'invoice.sent', data }]);
    const facts = mailFacts(invoice, { ...account, openMinor });
    const mail = { template: 'invoice' as const, dueAt: openMinor > 0n ? invoice.dueAt : null, ...facts };
    await this.mails.queue(tx, { accountId, cause: id, invoiceId, to: account.email, mail });
    return { id, invoice: invoiceId, number, to: account.email, sentAt: formatInstant(at) };
  }
}
