import { Injectable } from '@nestjs/common';
import { Database } from '../../common/database/database.js';
import { Refusal } from '../../domain/refusal.js';
import { Collect } from '../collect.js';
import type { Payment } from '../payment-records.js';
import { StepCase } from './step-case.js';

/**
 * Does what is due of a case. Each step is one transaction with what it begins: the payment of a retry is there when the step is done, and it is charged
 * by those who collect. So a process may be killed at any point, and any number may try at once: each step is done once.
 */
@Injectable()
export class RunCase {
  constructor(
    private readonly database: Database,
    private readonly collect: Collect,
    private readonly steps: StepCase,
  ) {}

  async run(caseId: string): Promise<void> {
    for (;;) {
      const then = await this.database.transaction((tx) => this.steps.run(tx, caseId));
      if (then === 'nothing') return;
      if (then !== 'again') await this.giveUp(then.giveUp);
    }
  }

  /** Where the provider cannot give it up, the end comes all the same; the money may still come in. */
  private async giveUp({ id }: Payment): Promise<void> {
    try {
      await this.collect.cancel(id);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'payment_in_progress') throw error;
    }
  }
}
