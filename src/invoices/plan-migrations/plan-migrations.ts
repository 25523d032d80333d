import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Actor, SYSTEM } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { newId } from '../../common/ids.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { Refusal } from '../../domain/refusal.js';
import { PlansService } from '../../plans/plans.service.js';
import { SUBSCRIPTION_BUSY } from '../../subscriptions/subscription-records.js';
import { type SubscriptionRef, SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import { MoveHolder } from '../move-holder.js';
import { addProgress, findMigration, finishMigration, insertMigration, type MigrationRecord } from './plan-migration-records.js';

const TASK = 'invoices.plan-migration';
const BATCH = 50;
const POLL_MS = 50;
const ATTEMPTS_MAX = 20;

export type MigrationWanted = Pick<MigrationRecord, 'plan' | 'fromVersions' | 'toVersion' | 'takeEffect' | 'dryRun' | 'reason'>;

/** Moves all who hold other versions of a plan to one version of it, one at a time; a migration that was cut off goes on where it stopped. */
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
  async one(tx: Tx, id: string, options?: { readonly locked: boolean }): Promise<MigrationRecord> {
    const record = await findMigration(tx, id, options);
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
      const { record, holders } = await this.database.transaction((tx) => this.next(tx, id));
      if (record.status === 'finished') return;
      for (const holder of holders) await this.moved(id, holder);
      if (holders.length > 0) continue;
      await this.database.transaction((tx) => this.finish(tx, id));
      return;
    }
  }

  private async next(tx: Tx, id: string): Promise<{ record: MigrationRecord; holders: SubscriptionRef[] }> {
    const record = await this.one(tx, id);
    const holders = await this.subscriptions.everHolding(tx, record.plan, { after: refOf(record.reached), limit: BATCH });
    return { record, holders };
  }

  /**
   * One holder in a transaction of its own, with the progress in it: what bills holds the series of numbers until it ends. A holder that
   * somebody else is changing is waited for; where that takes too long, the job goes on there later.
   */
  private async moved(id: string, holder: SubscriptionRef): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.database.transaction((tx) => this.move(tx, id, holder));
        return;
      } catch (error) {
        if (!isBusy(error) || attempt === ATTEMPTS_MAX) throw error;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS * attempt));
      }
    }
  }

  private async move(tx: Tx, id: string, holder: SubscriptionRef): Promise<void> {
    const record = await this.one(tx, id, { locked: true });
    const reached = `${holder.accountId} ${holder.id}`;
    if (record.reached >= reached) return; // somebody else did it
    await addProgress(tx, id, { ...(await this.mover.run(tx, record, holder.id)), reached });
  }

  private async finish(tx: Tx, id: string): Promise<void> {
    const { status, plan, holders, moved, refused, dryRun } = await this.one(tx, id, { locked: true });
    if (status === 'finished') return;
    await finishMigration(tx, id, this.clock.now());
    await this.audit.record(tx, {
      actor: SYSTEM,
      action: 'plan.migration_finished',
      subjectType: 'plan',
      subjectId: plan,
      after: { id, dryRun, holders, moved, refused: refused.length },
    });
  }
}

function refOf(reached: string): SubscriptionRef | undefined {
  const [accountId, id] = reached.split(' ');
  return accountId && id ? { accountId, id } : undefined;
}

const isBusy = (error: unknown): boolean => error instanceof Refusal && error.code === SUBSCRIPTION_BUSY;
