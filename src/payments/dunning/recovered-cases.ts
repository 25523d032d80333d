import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { formatInstant } from '../../domain/instant.js';

/** The task that does what is due of one case. */
export const DUNNING_STEP = 'dunning.step';

/** Money that comes in is counted whatever else it means: what dunning takes back for it is left to a job. */
@Injectable()
export class RecoveredCases {
  constructor(
    private readonly clock: Clock,
    private readonly jobs: Jobs,
  ) {}

  /** Less is owed by an account: the cases of what is no longer unpaid are due. Relies on dunning_case_once. */
  async lookAgain(tx: Tx, accountId: string, unpaid: readonly string[]): Promise<void> {
    const [rows] = await tx.query<[{ id: string }[], number]>(
      `update dunning_case set next_step = 'finish', due_at = $3
       where account_id = $1 and state in ('open', 'ending', 'ended') and invoice_id <> all($2::text[]) returning id`,
      [accountId, unpaid, formatInstant(this.clock.now())],
    );
    for (const { id } of rows) await this.jobs.add(tx, DUNNING_STEP, { caseId: id }, { key: id });
  }
}
