import { createHash, type Hash } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { instantArray, int8Array, textArray, uuidArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import type { Instant } from '../../domain/instant.js';
import { type Month, partitionOf } from '../months.js';

/** A row of usage_event, exact: instants in microseconds, data as PostgreSQL writes it. */
export interface EventRow {
  readonly accountId: string;
  readonly time: Instant;
  readonly seq: bigint;
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly sequence: string;
  readonly data: string;
  readonly receivedAt: Instant;
}

/** An event may have 64 KiB. */
const FETCHED_ROWS = 500;

/* In the order of usage_event_pk, which is how they are read. */
const EVENTS = (month: Month): string => `
  declare events no scroll cursor for
  select account_id as "accountId", event_time as time, event_seq as seq, source, id, type, sequence, data::text as data, received_at as "receivedAt"
  from ${partitionOf(month)} order by account_id, type, event_time, event_seq`;

/** All events of a month as they are now, through a cursor: memory does not grow with their number. Within the runner's transaction. */
export async function* eventsOfMonth(runner: QueryRunner, month: Month): AsyncGenerator<EventRow[]> {
  await runner.query(EVENTS(month));
  for (;;) {
    const rows = (await runner.query(`fetch ${String(FETCHED_ROWS)} from events`)) as EventRow[];
    if (rows.length === 0) break;
    yield rows;
  }
  await runner.query('close events');
}

/** Puts events back into the table; they were counted when they first came. */
export async function putBack(tx: Tx, month: Month, rows: readonly EventRow[]): Promise<void> {
  await tx.query(
    `insert into ${partitionOf(month)} (account_id, event_time, event_seq, source, id, type, sequence, data, received_at)
     select a, t, s, source, id, type, sequence, data::jsonb, r
     from unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])
       as e(a, t, s, source, id, type, sequence, data, r)`,
    [
      uuidArray(rows.map(({ accountId }) => accountId)),
      instantArray(rows.map(({ time }) => time)),
      int8Array(rows.map(({ seq }) => seq)),
      textArray(rows.map(({ source }) => source)),
      textArray(rows.map(({ id }) => id)),
      textArray(rows.map(({ type }) => type)),
      textArray(rows.map(({ sequence }) => sequence)),
      textArray(rows.map(({ data }) => data)),
      instantArray(rows.map(({ receivedAt }) => receivedAt)),
    ],
  );
}

/** What events say, in their order: how many they are, and a SHA-256 of all their columns. */
export class Content {
  events = 0;
  private readonly hash: Hash = createHash('sha256');

  add(rows: readonly EventRow[]): void {
    for (const { accountId, time, seq, source, id, type, sequence, data, receivedAt } of rows)
      this.hash.update(
        `${JSON.stringify([accountId, time.toString(), seq.toString(), source, id, type, sequence, data, receivedAt.toString()])}\n`,
      );
    this.events += rows.length;
  }

  digest(): string {
    return this.hash.digest('hex');
  }
}
