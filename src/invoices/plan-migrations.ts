import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import { Jobs } from '../common/jobs/jobs.js';
import { Refusal } from '../domain/refusal.js';
import { PlansService } from '../plans/plans.service.js';
import { type SubscriptionRef, SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { MoveHolder, NOBODY } from './move-holder.js';
import {
  addProgress,
  findMigration,
  finishMigration,
  insertMigration,
  type MigrationRecord,
  type Progress,
} from './plan-migration-records.js';

const TASK = 'invoices.plan-migration';
const BATCH = 50;
const POLL_MS = 50;

export type MigrationWanted = Pick<MigrationRecord, 'plan' | 'fromVersions' | 'toVersion' | 'takeEffect' | 'dryRun' | 'reason'>;

/** Moves all who hold other versions of a plan to one version of it, some at a time; a migration that was cut off goes on where it stopped. */
@Injectable()
export class PlanMigrations implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly audit: Audit,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
    private readonly mover: MoveHolder,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(TASK, (payload) => this.execute((payload as { id: string }).id));
  }

  /** Notes a migration, and sees to it that a worker does it. @throws Refusal `plan_not_found`, `plan_version_not_found`, `invalid_request` */
  async request(tx: Tx, actor: Actor, wanted: MigrationWanted): Promise<string> {
    await this.plans.versionRow(tx, { plan: wanted.plan, version: wanted.toVersion });
    const now = this.clock.now();
    const id = newId('mig', now);
    await insertMigration(tx, { ...wanted, id, actor, requestedAt: now });
    await this.audit.record(tx, {
      actor,
      action: 'plan.migration_requested',
      subjectType: 'plan',
      subjectId: wanted.plan,
      after: { id, ...wanted },
      ...(wanted.reason !== null && { reason: wanted.reason }),
    });
    await this.jobs.add(tx, TASK, { id }, { key: id });
    return id;
  }

  /** @throws Refusal `plan_migration_not_found` */
  async one(tx: Tx, id: string): Promise<MigrationRecord> {
    const record = await findMigration(tx, id);
    if (!record) throw new Refusal('not_found', 'plan_migration_not_found', `There is no plan migration "${id}".`);
    return record;
  }

  /** The migration as it is when it has finished, or when the time is over. */
  async awaited(id: string, timeoutMs: number): Promise<MigrationRecord> {
    for (let waited = 0; ; waited += POLL_MS) {
      const record = await this.database.transaction((tx) => this.one(tx, id));
      if (record.status === 'finished' || waited >= timeoutMs) return record;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  private async execute(id: string): Promise<void> {
    for (;;) {
      const more = await this.database.transaction(async (tx) => {
        const record = await this.one(tx, id);
        return record.status !== 'finished' && (await this.batch(tx, record));
      });
      if (!more) return;
    }
  }

  /** Looks at some holders, and says whether there may be more. */
  private async batch(tx: Tx, record: MigrationRecord): Promise<boolean> {
    const refs = await this.subscriptions.everHolding(tx, record.plan, { after: refOf(record.reached), limit: BATCH });
    const last = refs.at(-1);
    if (!last) {
      await finishMigration(tx, record.id, this.clock.now());
      return false;
    }
    let progress: Progress = { ...NOBODY, reached: `${last.accountId} ${last.id}` };
    for (const { id } of refs) progress = added(progress, await this.mover.run(tx, record, id));
    await addProgress(tx, record.id, progress);
    return true;
  }
}

function refOf(reached: string): SubscriptionRef | undefined {
  const [accountId, id] = reached.split(' ');
  return accountId && id ? { accountId, id } : undefined;
}

const added = (a: Progress, b: Omit<Progress, 'reached'>): Progress => ({
  reached: a.reached,
  holders: a.holders + b.holders,
  moved: a.moved + b.moved,
  refused: [...a.refused, ...b.refused],
  dueNowMinor: a.dueNowMinor + b.dueNowMinor,
  beforeMinor: a.beforeMinor + b.beforeMinor,
  afterMinor: a.afterMinor + b.afterMinor,
});
