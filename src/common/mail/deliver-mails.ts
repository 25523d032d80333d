import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Clock, type TimeTraveller } from '../clock.js';
import { Database, type Tx } from '../database/database.js';
import { accountIdOf } from '../ids.js';
import { Jobs } from '../jobs/jobs.js';
import { LOG } from '../telemetry/log-token.js';
import { MAIL_SENDER, MailRefused, type MailSender, type OutgoingMail } from './mail-sender.js';
import { SEND_MAIL } from './mails.js';

const FAILURE_LENGTH_MAX = 500;

type Queued = Omit<OutgoingMail, 'date'> & { readonly accountId: string; readonly createdAt: Instant };

/** Whoever has the row sends it: of two workers, one. */
const TAKE = `
  select account_id as "accountId", id, message_id as "messageId", recipient as "to", subject, body_text as text, body_html as html, created_at as "createdAt"
  from mail where account_id = $1 and id = $2 and state = 'queued' for update skip locked`;

/**
 * Sends queued mails. A worker that is killed after a mail was handed over and before that was noted sends it again, with the same Message-ID. One
 * that is refused for good has failed; all else is tried again by the queue, ever less often.
 */
@Injectable()
export class DeliverMails implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown, TimeTraveller {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    @Inject(MAIL_SENDER) private readonly sender: MailSender,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(SEND_MAIL, (payload) => this.send((payload as { id: string }).id));
  }

  /** After all others: what they do as time passes queues mails. */
  onApplicationBootstrap(): void {
    this.clock.register(this);
  }

  onApplicationShutdown(): void {
    this.sender.close();
  }

  nextDue(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** When test time passes, mails are sent before the answer. */
  async runDue(): Promise<void> {
    const rows = await this.database.query<{ id: string }>({
      name: 'queued_mails',
      text: `select id from mail where state = 'queued' order by created_at, id`,
      values: [],
    });
    for (const { id } of rows)
      await this.send(id).catch((err: unknown) => {
        this.log.error({ err, mail: id }, 'a mail could not be sent; the queue tries it again');
      });
  }

  private async send(id: string): Promise<void> {
    const failed = await this.database.transaction((tx) => this.attempt(tx, id));
    if (failed) throw failed.error;
  }

  /** Answers what may go better another time. */
  private async attempt(tx: Tx, id: string): Promise<{ readonly error: unknown } | undefined> {
    const [mail] = await tx.query<Queued[]>(TAKE, [accountIdOf(id) ?? null, id]);
    if (!mail) return undefined;
    try {
      await this.sender.send({ ...mail, date: new Date(Number(mail.createdAt / 1000n)) });
    } catch (error) {
      const refused = error instanceof MailRefused;
      await this.note(tx, mail, { state: refused ? 'failed' : 'queued', failure: error instanceof Error ? error.message : String(error) });
      if (!refused) return { error };
      this.log.warn({ err: error, mail: id }, 'a mail was refused for good');
      return undefined;
    }
    await this.note(tx, mail, { state: 'sent', failure: null });
    return undefined;
  }

  private async note(
    tx: Tx,
    { accountId, id }: Queued,
    { state, failure }: { readonly state: 'sent' | 'failed' | 'queued'; readonly failure: string | null },
  ): Promise<void> {
    await tx.query('update mail set state = $3, failure = $4, tries = tries + 1, sent_at = $5 where account_id = $1 and id = $2', [
      accountId,
      id,
      state,
      failure?.slice(0, FAILURE_LENGTH_MAX) ?? null,
      state === 'sent' ? formatInstant(this.clock.now()) : null,
    ]);
  }
}
