import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Actor } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { LOG } from '../common/telemetry/log-token.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { park, type Parking } from './billing-state.js';

export interface Failure {
  readonly accountId: string;
  readonly asOf: Instant;
  readonly error: unknown;
  readonly actor: Actor;
}

/** What a database says of its statements and rows is not for callers. */
const UNFORESEEN = 'Something failed that no rule foresees. The log tells of it, with the id of the account.';

/** Takes an account out of the runs, with the rule that stopped it and what to do. */
@Injectable()
export class ParkAccount {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
  ) {}

  async run(tx: Tx, { accountId, asOf, error, actor }: Failure): Promise<void> {
    const refusal = error instanceof Refusal ? error : undefined;
    this.log.error({ err: error, accountId, asOf: formatInstant(asOf) }, 'an account was parked');
    const parking: Parking = {
      rule: refusal?.code ?? 'unexpected_error',
      detail: refusal?.detail ?? UNFORESEEN,
      remedy: 'Mend the cause, then POST /v2/accounts/{key}/bill: it bills the account and takes it back into the runs.',
      asOf: formatInstant(asOf),
      at: formatInstant(this.clock.now()),
    };
    await park(tx, accountId, parking);
    const keys = await this.accounts.keys(tx, [accountId]);
    await this.audit.record(tx, {
      actor,
      action: 'account.parked',
      accountId,
      subjectType: 'account',
      subjectId: keys.get(accountId) ?? accountId,
      after: parking,
    });
  }
}
