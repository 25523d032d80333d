import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { concludeRunning, prepareRunning, type RunningTotal } from '../../domain/billing/running.js';
import type { Instant } from '../../domain/instant.js';
import { UsageService } from '../../usage/usage.service.js';
import { LoadFacts } from '../load-facts.js';

export interface RunningUsage extends RunningTotal {
  readonly asOf: Instant;
  readonly currency: string;
}

/** What an account has used so far in the periods that run, and what that comes to: by the code of its next invoice. */
@Injectable()
export class RunningTotals {
  constructor(
    private readonly clock: Clock,
    private readonly facts: LoadFacts,
    private readonly usage: UsageService,
  ) {}

  async one(tx: Tx, accountId: string): Promise<RunningUsage> {
    const [loaded] = await this.facts.run(tx, [accountId]);
    if (!loaded) throw new RangeError(`account ${accountId} was not found`);
    const asOf = this.clock.now();
    const prepared = prepareRunning(loaded.facts, { at: asOf });
    const answers = await this.usage.answer(
      tx,
      prepared.questions.map((question) => ({ ...question, accountId })),
    );
    return { asOf, currency: prepared.currency, ...concludeRunning(prepared, answers) };
  }
}
