import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { SYSTEM } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { isUnavailable } from '../common/database/unavailable.js';
import { LOG } from '../common/telemetry/log-token.js';
import { CONFIG, type Config } from '../config.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { BillAccounts, type HowToBill } from './bill-accounts.js';
import { claimDue, claimEndedWithLateUsage, claimHeldWithLateUsage, claimOne, isHeld, parkingOf } from './billing-state.js';
import { keepChanges } from './controls/run-changes.js';
import { countIn } from './bill-run-records.js';
import { ParkAccount } from './park-account.js';
import { NOTHING, resultOf, type RunResult, sum } from './run-result.js';

const LANES = 2;

export interface RunRequest {
  readonly asOf: Instant;
  /** The record of the run, which counts along in the transactions of the batches. */
  readonly recordId?: string;
}

/**
 * Bills every account that something is due for, some hundred in a transaction. It may be killed at any moment and run again, and any number
 * may run at once: an account is claimed by one of them, and what two would bill has one place in the database.
 */
@Injectable()
export class BillRunService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Logger,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly bill: BillAccounts,
    private readonly parker: ParkAccount,
  ) {}

  async run(request: RunRequest): Promise<RunResult> {
    if (request.asOf > this.clock.now()) throw new RangeError('a run as of the future is a preview');
    const due = await this.batches(request, (tx) => claimDue(tx, request.asOf, this.config.billRunBatch));
    const late = await this.batches(request, (tx) => claimEndedWithLateUsage(tx, this.config.billRunBatch));
    const held = await this.batches(request, (tx) => claimHeldWithLateUsage(tx, request.asOf, this.config.billRunBatch));
    return sum(sum(due, late), held);
  }

  /** What a run would bill; of it is kept, under the run, what each account would be billed. */
  async preview({ asOf, recordId }: Required<RunRequest>): Promise<RunResult> {
    let [result, after] = [NOTHING, '00000000-0000-0000-0000-000000000000'];
    for (;;) {
      const part = await this.database.transaction(async (tx) => {
        const rows = await tx.query<{ accountId: string }[]>(
          `select account_id as "accountId" from billing_state where next_due <= $1 and parked is null and account_id > $2 order by account_id limit $3`,
          [formatInstant(asOf), after, this.config.billRunBatch],
        );
        const ids = rows.map((row) => row.accountId);
        const billed = await this.bill.preview(tx, ids, asOf);
        await keepChanges(tx, recordId, billed.bills);
        return { ids, billed };
      });
      const last = part.ids.at(-1);
      if (last === undefined) return result;
      result = sum(result, resultOf(part.billed));
      after = last;
    }
  }

  /**
   * One account in the caller's transaction, on behalf of who caused it. What the domain refuses parks the account and leaves the transaction
   * usable. One that is on hold is left alone.
   */
  async billOne(tx: Tx, accountId: string, how: HowToBill): Promise<RunResult> {
    await claimOne(tx, accountId);
    return (await isHeld(tx, accountId)) ? NOTHING : this.billOrPark(tx, accountId, how);
  }

  /** Notes when something falls due for accounts whose subscriptions moved in; bills nothing. */
  async schedule(tx: Tx, accountIds: readonly string[]): Promise<void> {
    await this.bill.schedule(tx, accountIds, this.clock.now());
  }

  /** One account that is claimed. */
  private async billOrPark(tx: Tx, accountId: string, how: HowToBill): Promise<RunResult> {
    const { asOf, actor = SYSTEM } = how;
    try {
      return await tx.transaction(async (inner) => resultOf(await this.bill.run(inner, [accountId], how)));
    } catch (error) {
      if (isTransient(error)) throw error;
      await this.parker.run(tx, { accountId, asOf, error, actor });
      return { ...NOTHING, accounts: 1, parked: 1 };
    }
  }

  /** One transaction a batch until there is nothing left to claim; where there is more than one batch, two at a time: one computes while the other writes. */
  private async batches(request: RunRequest, claim: (tx: Tx) => Promise<string[]>): Promise<RunResult> {
    const first = await this.batch(request, claim);
    if (first.accounts === 0) return first;
    const lanes = first.accounts < this.config.billRunBatch ? 1 : LANES;
    const ended = await Promise.allSettled(Array.from({ length: lanes }, () => this.lane(request, claim)));
    return ended.reduce((result, lane) => {
      if (lane.status === 'rejected') throw lane.reason;
      return sum(result, lane.value);
    }, first);
  }

  private async lane(request: RunRequest, claim: (tx: Tx) => Promise<string[]>): Promise<RunResult> {
    let result = NOTHING;
    for (;;) {
      const batch = await this.batch(request, claim);
      if (batch.accounts === 0) return result;
      result = sum(result, batch);
    }
  }

  private async batch({ asOf, recordId }: RunRequest, claim: (tx: Tx) => Promise<string[]>): Promise<RunResult> {
    let claimed: string[] = [];
    try {
      return await this.database.transaction(async (tx) => {
        claimed = await claim(tx);
        if (claimed.length === 0) return NOTHING;
        return this.counted(tx, recordId, resultOf(await this.bill.run(tx, claimed, { asOf })));
      });
    } catch (error) {
      if (claimed.length === 0 || isTransient(error)) throw error;
      this.log.warn({ err: error, accounts: claimed.length }, 'a batch failed; its accounts are billed one by one');
      return this.oneByOne(claimed, asOf, recordId);
    }
  }

  private async oneByOne(accountIds: readonly string[], asOf: Instant, recordId: string | undefined): Promise<RunResult> {
    let result = NOTHING;
    for (const accountId of accountIds) {
      const one = await this.database.transaction(async (tx) => {
        await claimOne(tx, accountId);
        if (await parkingOf(tx, accountId)) return NOTHING; // by another lane, or run, that met it after the batch had let go of it
        return this.counted(tx, recordId, await this.billOrPark(tx, accountId, { asOf }));
      });
      result = sum(result, one);
    }
    return result;
  }

  private async counted(tx: Tx, recordId: string | undefined, result: RunResult): Promise<RunResult> {
    if (recordId !== undefined) await countIn(tx, recordId, result);
    return result;
  }
}

/** What says nothing of the account: a lost connection, a deadlock, a database that is shutting down. */
function isTransient(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return isUnavailable(error) || (typeof code === 'string' && /^(40|57)/.test(code));
}
