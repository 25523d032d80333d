import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type Actor, SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock, type TimeTraveller } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { newId } from '../common/ids.js';
import { Jobs } from '../common/jobs/jobs.js';
import { CONFIG, type Config } from '../config.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { startOf } from '../domain/subscription/lifecycle.js';
import { type ChangedSubscription, subscriptionChanged, subscriptionsImported } from '../subscriptions/subscription-records.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { type BillRunRecord, countIn, findRecord, finish, insertRecord } from './bill-run-records.js';
import { BillRunService } from './bill-run.service.js';
import { dueBy, firstDue } from './billing-state.js';
import type { RunResult } from './run-result.js';

const TASK = 'invoices.bill-run';
const MINUTELY = 'invoices.bill-due';
const POLL_MS = 50;

export interface RunWanted {
  readonly asOf: Instant;
  readonly dryRun: boolean;
}

/** When bills are run: asked for, every minute, when a subscription changes, when test time passes. */
@Injectable()
export class BillRuns implements OnModuleInit, TimeTraveller {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly hooks: Hooks,
    private readonly audit: Audit,
    private readonly subscriptions: SubscriptionsService,
    private readonly runs: BillRunService,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(TASK, async (payload) => {
      await this.execute((payload as { id: string }).id);
    });
    this.hooks.on(subscriptionChanged, (tx, change) => this.subscriptionChanged(tx, change));
    this.hooks.on(subscriptionsImported, (tx, { accountIds }) => this.runs.schedule(tx, accountIds));
    if (!this.config.billingAuto) return;
    this.jobs.everyMinute(MINUTELY, () => this.runDue());
    this.clock.register(this);
  }

  /** Notes a run, and sees to it that a worker does it. As of the future it can only be a dry run. @throws Refusal `as_of_in_future` */
  async request(tx: Tx, actor: Actor, wanted: RunWanted): Promise<BillRunRecord> {
    const record = await this.note(tx, actor, wanted);
    await this.jobs.add(tx, TASK, { id: record.id }, { key: record.id });
    return record;
  }

  /** Notes a run that the caller executes. @throws Refusal `as_of_in_future` */
  async note(tx: Tx, actor: Actor, { asOf, dryRun }: RunWanted): Promise<BillRunRecord> {
    const now = this.clock.now();
    if (asOf > now && !dryRun)
      throw new Refusal(
        'unprocessable',
        'as_of_in_future',
        `It is ${formatInstant(now)}: a run as of later is a preview, so send "dryRun": true.`,
      );
    const record = { id: newId('run', now), asOf, dryRun, requestedAt: now };
    await insertRecord(tx, record);
    await this.audit.record(tx, {
      actor,
      action: 'bill_run.requested',
      subjectType: 'bill_run',
      subjectId: record.id,
      after: { asOf: formatInstant(asOf), dryRun },
    });
    return this.one(tx, record.id);
  }

  /** Does a run that was noted; one that was cut off goes on where it stopped. */
  async execute(id: string): Promise<BillRunRecord> {
    const record = await this.database.transaction((tx) => this.one(tx, id));
    if (record.status === 'finished') return record;
    const previewed = record.dryRun ? await this.runs.preview({ asOf: record.asOf, recordId: id }) : undefined;
    if (!record.dryRun) await this.runs.run({ asOf: record.asOf, recordId: id });
    return this.database.transaction((tx) => this.finished(tx, id, previewed));
  }

  /** Once, though two did the run: what a dry run came to, which nothing else counts, and that it is over. */
  private async finished(tx: Tx, id: string, previewed: RunResult | undefined): Promise<BillRunRecord> {
    const record = await this.one(tx, id, { locked: true });
    if (record.status === 'finished') return record;
    if (previewed) await countIn(tx, id, previewed);
    await finish(tx, id, this.clock.now());
    const done = await this.one(tx, id);
    const { accounts, invoices, parked, totals } = done;
    await this.audit.record(tx, {
      actor: SYSTEM,
      action: 'bill_run.finished',
      subjectType: 'bill_run',
      subjectId: id,
      after: { accounts, invoices, parked, totals },
    });
    return done;
  }

  /** The run as it is when it has finished, or when the time is over. */
  async awaited(id: string, timeoutMs: number): Promise<BillRunRecord> {
    for (let waited = 0; ; waited += POLL_MS) {
      const record = await this.database.transaction((tx) => this.one(tx, id));
      if (record.status === 'finished' || waited >= timeoutMs) return record;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** @throws Refusal `bill_run_not_found` */
  async one(tx: Tx, id: string, options?: { readonly locked: boolean }): Promise<BillRunRecord> {
    const record = await findRecord(tx, id, options);
    if (!record) throw new Refusal('not_found', 'bill_run_not_found', `There is no bill run "${id}".`);
    return record;
  }

  nextDue(after: Instant): Promise<Instant | undefined> {
    return this.database.transaction((tx) => firstDue(tx, after));
  }

  async runDue(): Promise<void> {
    await this.runs.run({ asOf: this.clock.now() });
  }

  /** A change is billed with it; where billing is not automatic, the next run finds it. */
  private async subscriptionChanged(tx: Tx, { accountId, subscriptionId, actor }: ChangedSubscription): Promise<void> {
    const now = this.clock.now();
    const history = await this.subscriptions.one(tx, subscriptionId);
    await dueBy(tx, accountId, startOf(history).effectiveAt);
    if (this.config.billingAuto) await this.runs.billOne(tx, accountId, { asOf: now, actor });
  }
}
