import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Tx } from '../../common/database/database.js';
import { Mails } from '../../common/mail/mails.js';
import type { DunningMail, DunningPolicy } from '../../domain/dunning/policy.js';
import type { Instant } from '../../domain/instant.js';
import { InvoicesService } from '../../invoices/invoices.service.js';
import { mailFacts } from '../../invoices/mail-facts.js';
import type { DunningCase } from './case-records.js';

/** When a policy may send a mail, and what it may tell of. */
export interface MailMoment {
  readonly on: DunningMail['on'];
  /** What happened: one mail is sent for it. */
  readonly cause: string;
  readonly retryAt?: Instant | null;
  readonly endAt?: Instant;
}

/** Tells customers what their policy says that they are told. */
@Injectable()
export class DunningMails {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly mails: Mails,
  ) {}

  /** Nothing where the policy has no mail for the moment, or the account no e-mail. */
  async queue(tx: Tx, { accountId, invoiceId }: DunningCase, policy: DunningPolicy, moment: MailMoment): Promise<void> {
    const template = policy.mails.find(({ on }) => on === moment.on)?.template;
    if (template === undefined) return;
    const account = (await this.accounts.profiles(tx, [accountId])).get(accountId);
    if (!account?.email) return;
    const invoice = await this.invoices.row(tx, invoiceId);
    const facts = mailFacts(invoice, { ...account, openMinor: invoice.leftMinor });
    const { cause, retryAt = null, endAt } = moment;
    const mail =
      template === 'payment_failed'
        ? { template, retryAt, ...facts }
        : template === 'final_notice'
          ? { template, endAt: endAt ?? null, consequence: policy.atEnd.subscriptions, ...facts }
          : { template, ...facts };
    await this.mails.queue(tx, { accountId, cause, invoiceId, to: account.email, mail });
  }
}
