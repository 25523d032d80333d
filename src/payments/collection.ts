import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock, type TimeTraveller } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { Jobs } from '../common/jobs/jobs.js';
import { LOG } from '../common/telemetry/log-token.js';
import { formatInstant, MINUTE } from '../domain/instant.js';
import { COLLECT } from './begin-payments.js';
import { Collect } from './collect.js';
import { OPEN_STATES } from './payment-records.js';
import { Refunds } from './refunds.js';
import { type Step, walk } from './walk.js';

const JANITOR = 'payments.janitor';

/** How long a payment may be without an outcome before somebody sees to it. */
const PATIENCE = MINUTE;

/** Relies on payment_pending. The patience is counted anew for each attempt; one that never had an attempt waits for its first. */
const PENDING = `
  select p.id, p.created_at as "createdAt" from payment p
  left join payment_attempt a on a.account_id = p.account_id and a.payment_id = p.id and a.state in (${OPEN_STATES})
  where p.state = 'pending' and (p.created_at, p.id) > ($1::timestamptz, $2) and coalesce(a.created_at, p.created_at) <= $3
  order by p.created_at, p.id limit 500`;

/** When payments are collected: by a job of each; by the janitor, where that job was lost or left the outcome open; when test time passes. */
@Injectable()
export class Collection implements OnModuleInit, TimeTraveller {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
    private readonly collect: Collect,
    private readonly refunds: Refunds,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(COLLECT, async (payload) => this.collect.run((payload as { paymentId: string }).paymentId));
    this.jobs.everyMinute(JANITOR, () => this.resolveOpen());
    this.clock.register(this);
  }

  /** Payments have no due instants of their own: they follow the invoices. */
  nextDue(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** When test time passes, what is to be collected is collected before the answer, and not by the queue some moments later. */
  async runDue(): Promise<void> {
    await this.collectPending('infinity');
  }

  /** Goes on with every payment and refund whose outcome is not known; never charges what may have been charged. */
  async resolveOpen(): Promise<void> {
    const before = formatInstant(this.clock.now() - PATIENCE);
    await this.collectPending(before);
    await this.refunds.resolveOpen(before);
  }

  private collectPending(before: string): Promise<void> {
    return walk({
      page: (after) => this.database.query<Step>({ name: 'pending_payments', text: PENDING, values: [...after, before] }),
      work: (id) => this.collect.run(id),
      failed: (err, paymentId) => {
        this.log.error({ err, paymentId }, 'a payment could not be collected; it is tried again within a minute');
      },
    });
  }
}
