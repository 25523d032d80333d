import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SYSTEM } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { Outbox } from '../../common/events/outbox.js';
import { CONFIG, type Config } from '../../config.js';
import { DAY, formatInstant, type Instant } from '../../domain/instant.js';
import { type Fate, fateOf, isGivenUp } from '../../domain/webhooks/retries.js';
import type { ClaimedDelivery } from './claim-deliveries.js';
import type { Answer } from './post.js';

type Sent = Pick<ClaimedDelivery, 'accountId' | 'id' | 'endpointId'>;

const HOLD = `
  select attempts from webhook_delivery where account_id = $1 and id = $2 and claim = $3 and state = 'pending' for update`;

/** Notes how an attempt went, what becomes of its delivery, and whether the endpoint is still worth trying. */
@Injectable()
export class RecordAttempt {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly outbox: Outbox,
  ) {}

  /** A claim that was lost meanwhile is not noted: whoever has it by now sends again. */
  run(claim: string, sent: Sent, answer: Answer): Promise<void> {
    return this.database.transaction(async (tx) => {
      const [held] = await tx.query<{ attempts: number }[]>(HOLD, [sent.accountId, sent.id, claim]);
      if (!held) return;
      const [at, attempts, succeeded] = [this.clock.now(), held.attempts + 1, answer.failure === null];
      await insertAttempt(tx, sent, { n: attempts, at, answer });
      await settle(tx, sent, { attempts, at, fate: fateOf({ succeeded, at, attempts, chancePermille: chanceOf(sent.id, attempts) }) });
      if (succeeded)
        await tx.query('update webhook_endpoint set failing_since = null where id = $1 and failing_since is not null', [sent.endpointId]);
      else await this.failed(tx, sent.endpointId, at, answer.failure ?? '');
    });
  }

  /** Gives claimed deliveries back, as if they had not been tried: the process ends. */
  async release(claim: string): Promise<void> {
    await this.database.transaction((tx) =>
      tx.query('update webhook_delivery set claim = null, claimed_until = null where claim = $1', [claim]),
    );
  }

  private async failed(tx: Tx, endpointId: string, at: Instant, failure: string): Promise<void> {
    await tx.query('update webhook_endpoint set failing_since = $2 where id = $1 and failing_since is null', [
      endpointId,
      formatInstant(at),
    ]);
    const [endpoint] = await tx.query<{ key: string; failingSince: Instant; enabled: boolean }[]>(
      `select key, failing_since as "failingSince", enabled from webhook_endpoint where id = $1`,
      [endpointId],
    );
    const patience = BigInt(this.config.webhookDisableAfterDays) * DAY;
    if (!endpoint?.enabled || !isGivenUp(endpoint.failingSince, at, patience)) return;
    await this.disable(tx, endpointId, { ...endpoint, at, failure });
  }

  private async disable(
    tx: Tx,
    endpointId: string,
    {
      key,
      failingSince,
      at,
      failure,
    }: { readonly key: string; readonly failingSince: Instant; readonly at: Instant; readonly failure: string },
  ): Promise<void> {
    const since = formatInstant(failingSince);
    const reason = `Every attempt since ${since} failed. The last one: ${failure}`;
    const disabled = await tx.query<{ key: string }[]>(
      `with changed as (
         update webhook_endpoint set enabled = false, disabled_at = $2, disabled_reason = $3, revision = revision + 1, updated_at = $2
         where id = $1 and enabled returning key)
       select key from changed`,
      [endpointId, formatInstant(at), reason],
    );
    if (disabled.length === 0) return; // another attempt was first
    await this.audit.record(tx, {
      actor: SYSTEM,
      action: 'webhook_endpoint.disabled',
      subjectType: 'webhook_endpoint',
      subjectId: key,
      before: { enabled: true },
      after: { enabled: false },
      reason,
    });
    await this.outbox.add(tx, [{ type: 'webhook_endpoint.disabled', data: { webhookEndpoint: key, failingSince: since, reason } }]);
  }
}

const insertAttempt = (
  tx: Tx,
  { accountId, id }: Sent,
  { n, at, answer }: { readonly n: number; readonly at: Instant; readonly answer: Answer },
): Promise<unknown> =>
  tx.query(
    `insert into webhook_attempt (account_id, delivery_id, n, at, status, duration_ms, failure, answer) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [accountId, id, n, formatInstant(at), answer.status, answer.durationMs, answer.failure, answer.excerpt],
  );

const settle = (
  tx: Tx,
  { accountId, id }: Sent,
  { attempts, at, fate }: { readonly attempts: number; readonly at: Instant; readonly fate: Fate },
): Promise<unknown> =>
  tx.query(
    `update webhook_delivery set attempts = $3, state = $4, due_at = coalesce($5, due_at), finished_at = $6, claim = null, claimed_until = null
     where account_id = $1 and id = $2`,
    [accountId, id, attempts, fate.state, 'dueAt' in fate ? formatInstant(fate.dueAt) : null, 'dueAt' in fate ? null : formatInstant(at)],
  );

/** The same for the same attempt, and spread evenly over attempts. */
const chanceOf = (id: string, attempts: number): bigint =>
  BigInt(
    createHash('sha256')
      .update(`${id} ${String(attempts)}`)
      .digest()
      .readUInt32BE() % 1_000,
  );
