import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { subjectOf } from '../../domain/webhooks/event-subject.js';
import { WebhookSecrets } from '../endpoints/webhook-secrets.js';

/** How many deliveries of one endpoint are under way at once in all processes; of one that fails only one, so that it takes no room from others. */
const AT_ONCE = 4;

/** After this a claim counts as one of a process that was killed. It is long against the time that an attempt may take, and in real time. */
const CLAIM_SECONDS = 60;

/** A delivery that this process alone may send. */
export interface ClaimedDelivery {
  readonly accountId: string;
  readonly id: string;
  readonly endpointId: string;
  readonly url: string;
  readonly eventId: string;
  readonly body: string;
  readonly secrets: readonly string[];
}

interface ClaimedRow extends Omit<ClaimedDelivery, 'body' | 'secrets'> {
  readonly type: string;
  readonly at: Instant;
  readonly sequence: bigint;
  readonly data: Readonly<Record<string, unknown>>;
}

const IS_FREE = '(claimed_until is null or claimed_until < now())';

/** Endpoints to whom something is due, in any order, so that none comes last each time. Whoever holds one decides how much of it is under way. */
const HOLD = `
  select e.id, case when e.failing_since is null then ${String(AT_ONCE)} else 1 end as room from webhook_endpoint e
  where e.enabled and exists (
    select from webhook_delivery d where d.endpoint_id = e.id and d.state = 'pending' and d.due_at <= $1 and ${IS_FREE})
  order by random() limit $2 for no key update skip locked`;

/** Relies on webhook_delivery_due and webhook_delivery_claimed. */
const CLAIM = `
  with claimed as (
    update webhook_delivery d set claim = $1, claimed_until = now() + interval '${String(CLAIM_SECONDS)} seconds'
    from unnest($2::text[], $3::integer[]) as e(id, room) cross join lateral (
      select account_id, id from webhook_delivery p
      where p.endpoint_id = e.id and p.state = 'pending' and p.due_at <= $4 and ${IS_FREE}
      order by p.due_at, p.id
      limit least($5, greatest(0, e.room - (
        select count(*) from webhook_delivery c where c.endpoint_id = e.id and c.claim is not null and c.claimed_until >= now())))
      ) p
    where d.account_id = p.account_id and d.id = p.id
    returning d.account_id, d.id, d.endpoint_id, d.event_id)
  select c.account_id as "accountId", c.id, c.endpoint_id as "endpointId", w.url, c.event_id as "eventId", e.type, e.at, e.sequence, e.data
  from claimed c join webhook_endpoint w on w.id = c.endpoint_id join outbox_event e on e.account_id = c.account_id and e.id = c.event_id`;

/** Takes what is due for this process: committed before anything is sent, so that two processes do not send the same. */
@Injectable()
export class ClaimDeliveries {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly secrets: WebhookSecrets,
  ) {}

  /** Deliveries that are due, `most` at the most, with all that is needed to send them. `claim` names whoever takes them. */
  run(claim: string, most: number): Promise<ClaimedDelivery[]> {
    return this.database.transaction(async (tx) => {
      const now = formatInstant(this.clock.now());
      const held = await tx.query<{ id: string; room: number }[]>(HOLD, [now, most]);
      if (held.length === 0) return [];
      const [ids, rooms, share] = [held.map(({ id }) => id), held.map(({ room }) => room), Math.floor(most / held.length)];
      const rows = await tx.query<ClaimedRow[]>(CLAIM, [claim, ids, rooms, now, share]);
      return this.complete(tx, rows);
    });
  }

  private async complete(tx: Tx, rows: readonly ClaimedRow[]): Promise<ClaimedDelivery[]> {
    const accounts = await this.accounts.profiles(tx, [...new Set(rows.map(({ accountId }) => accountId))]);
    const secrets = await this.secrets.valid(tx, [...new Set(rows.map(({ endpointId }) => endpointId))]);
    return rows.map((row) => ({
      accountId: row.accountId,
      id: row.id,
      endpointId: row.endpointId,
      url: row.url,
      eventId: row.eventId,
      body: bodyOf(row, accounts.get(row.accountId)?.key ?? null),
      secrets: secrets.get(row.endpointId) ?? [],
    }));
  }
}

/** As Standard Webhooks has it, and what tells which of two events is the later one. The same for each attempt. */
const bodyOf = ({ eventId, type, at, sequence, data }: ClaimedRow, account: string | null): string =>
  JSON.stringify({
    type,
    timestamp: formatInstant(at),
    id: eventId,
    account,
    subject: subjectOf({ type, data }),
    sequence: Number(sequence),
    data,
  });
