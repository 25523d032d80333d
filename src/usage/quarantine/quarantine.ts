import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Counter } from 'prom-client';
import { plainArray, textArray } from '../../common/database/arrays.js';
import { Clock } from '../../common/clock.js';
import { Database, prepared, type Tx } from '../../common/database/database.js';
import { newId } from '../../common/ids.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { registry } from '../../common/telemetry/metrics.js';
import { CONFIG, type Config } from '../../config.js';
import { DAY, formatInstant } from '../../domain/instant.js';
import type { EventRejection, UsageEvent } from '../../domain/metering/event.js';

/** Whose event it was, and what they may. */
export interface Sender {
  /** Null where no API key sent it. */
  readonly apiKeyId: string | null;
  readonly mayBackfill: boolean;
}

/** An event that is in order by itself, and why it was not taken all the same. */
export interface RefusedEvent {
  readonly event: UsageEvent;
  readonly sender: Sender;
  readonly rejection: EventRejection;
}

const full = new Counter({
  name: 'wharfage_usage_quarantine_full_total',
  help: 'Rejected usage events that were not kept, because QUARANTINE_MAX are kept already',
  registers: [registry],
});

const EXPIRY = 'usage.quarantine_expiry';
const EXPIRED_AT_ONCE = 5_000;

/** Whoever adds or removes rows holds this first: the count is exact, and none wait for each other in a circle. */
const SIZE = 'select rows from usage_quarantine_size for update';

/* What is known of an event already is replaced, whatever room there is; new rows come as long as there is some. */
const KEEP = `
  with given as (
    select *, exists (select 1 from usage_quarantine q where q.subject = g.subject and q.source = g.source and q.event_id = g.event_id) as known
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[], $10::text[])
      with ordinality as g(id, subject, source, event_id, type, code, pointer, api_key_id, may_backfill, body, n)),
  kept as (
    insert into usage_quarantine (id, received_at, expires_at, subject, source, event_id, type, code, pointer, api_key_id, may_backfill, body)
    select id, $11::timestamptz, $12::timestamptz, subject, source, event_id, type, code, pointer, api_key_id, may_backfill, body::jsonb
    from (select *, row_number() over (partition by known order by n) as place from given) g where known or place <= $13::bigint
    on conflict (subject, source, event_id) do update set id = excluded.id, received_at = excluded.received_at, expires_at = excluded.expires_at,
      type = excluded.type, code = excluded.code, pointer = excluded.pointer, api_key_id = excluded.api_key_id,
      may_backfill = excluded.may_backfill, body = excluded.body
    returning (xmax = 0) as added),
  sized as (update usage_quarantine_size set rows = rows + (select count(*) from kept where added) where exists (select 1 from kept where added))
  select count(*)::int as kept from kept`;

/** SQL that removes rows, and counts them off. */
const removing = (which: string): string => `
  with gone as (delete from usage_quarantine where ${which} returning 1),
  sized as (update usage_quarantine_size set rows = rows - (select count(*) from gone) where exists (select 1 from gone))
  select count(*)::int as gone from gone`;

const REMOVE = removing('id = any($1::text[])');
const EXPIRE = removing(
  'id = any(array(select id from usage_quarantine where expires_at <= $1::timestamptz order by expires_at limit $2))',
);

/** Keeps events that were rejected for what is unknown or missing, until somebody has them judged again, or their time is over. */
@Injectable()
export class Quarantine implements OnModuleInit {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(EXPIRY, () => this.expire());
  }

  /**
   * Keeps them, each in the place of an earlier one with its subject, source and id. The last thing that its transaction does but commit:
   * others who keep something wait for it.
   * @returns how many there was no room for
   */
  async keep(tx: Tx, refused: readonly RefusedEvent[]): Promise<number> {
    if (refused.length === 0) return 0;
    const rows = [...new Map(refused.map((one) => [JSON.stringify([one.event.subject, one.event.source, one.event.id]), one])).values()];
    const room = this.config.quarantineMax - (await this.lockedSize(tx));
    const now = this.clock.now();
    const [found] = await prepared<{ kept: number }>(tx, {
      name: 'usage-quarantine-keep',
      text: KEEP,
      values: [
        plainArray(rows.map(() => newId('rej', now))),
        textArray(rows.map(({ event }) => event.subject)),
        textArray(rows.map(({ event }) => event.source)),
        textArray(rows.map(({ event }) => event.id)),
        textArray(rows.map(({ event }) => event.type)),
        textArray(rows.map(({ rejection }) => rejection.code)),
        textArray(rows.map(({ rejection }) => rejection.pointer)),
        textArray(rows.map(({ sender }) => sender.apiKeyId)),
        plainArray(rows.map(({ sender }) => String(sender.mayBackfill))),
        textArray(rows.map(({ event }) => JSON.stringify({ ...event, time: formatInstant(event.time) }))),
        formatInstant(now),
        formatInstant(now + BigInt(this.config.quarantineDays) * DAY),
        String(Math.max(room, 0)),
      ],
    });
    return rows.length - (found?.kept ?? 0);
  }

  countDropped(events: number): void {
    if (events > 0) full.inc(events);
  }

  /** @returns how many of these there were */
  async remove(tx: Tx, ids: readonly string[]): Promise<number> {
    await this.lockedSize(tx);
    const [found] = await tx.query<{ gone: number }[]>(REMOVE, [textArray(ids)]);
    return found?.gone ?? 0;
  }

  /** Forgets those whose time is over. */
  async expire(): Promise<void> {
    for (let gone = EXPIRED_AT_ONCE; gone === EXPIRED_AT_ONCE;)
      gone = await this.database.transaction(async (tx) => {
        await this.lockedSize(tx);
        const [found] = await tx.query<{ gone: number }[]>(EXPIRE, [formatInstant(this.clock.now()), EXPIRED_AT_ONCE]);
        return found?.gone ?? 0;
      });
  }

  private async lockedSize(tx: Tx): Promise<number> {
    const [size] = await tx.query<{ rows: bigint }[]>(SIZE);
    return Number(size?.rows ?? 0);
  }
}
