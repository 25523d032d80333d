import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config.js';
import { formatInstant } from '../../domain/instant.js';
import { composeMail, type Mail } from '../../domain/mail/templates.js';
import { Clock } from '../clock.js';
import type { Tx } from '../database/database.js';
import { newId } from '../ids.js';
import { Jobs } from '../jobs/jobs.js';
import { sendsMails } from './sends-mails.js';

/** The task that sends one mail. */
export const SEND_MAIL = 'mail.send';

/** A mail that is to be sent because of something that is committed with it. */
export interface NewMail {
  readonly accountId: string;
  /** What it is sent for: one mail is sent for each cause of an account, however often it is asked for. */
  readonly cause: string;
  readonly invoiceId: string;
  readonly to: string;
  readonly mail: Mail;
}

/** Queues mails. They go out only if what they tell of was committed: they are written in its transaction. */
@Injectable()
export class Mails {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
  ) {}

  async queue(tx: Tx, { accountId, cause, invoiceId, to, mail }: NewMail): Promise<void> {
    if (!sendsMails(this.config)) return;
    const now = this.clock.now();
    const id = newId('mai', now, accountId);
    const { subject, text, html } = composeMail(mail);
    const rows = await tx.query<unknown[]>(
      `insert into mail (account_id, id, cause, template, invoice_id, recipient, subject, body_text, body_html, message_id, state, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', $11) on conflict (account_id, cause) do nothing returning id`,
      [
        accountId,
        id,
        cause,
        mail.template,
        invoiceId,
        to,
        subject,
        text,
        html,
        `<${id}@${domainOf(this.config.mailFrom)}>`,
        formatInstant(now),
      ],
    );
    if (rows.length > 0) await this.jobs.add(tx, SEND_MAIL, { id }, { key: id });
  }
}

/** Of "billing@example.com" and of "Billing <billing@example.com>". */
const domainOf = (from: string): string => /@([^\s>]+)/.exec(from)?.[1] ?? 'localhost';
