import { plainArray, textArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import type { CountedEvent } from '../measured-event.js';

/*
 * How far a new meter counts the events that were there before it. They are gone through by account, type, time and position, as they lie in
 * usage_event_pk; a row of usage_meter_fill says what comes next, and is the lock on it: whoever counts more of them holds it alone, whoever
 * voids some shares it.
 */

/** The last event that was gone through; without a type, all of the account was. */
export interface FillCursor {
  readonly accountId: string;
  readonly type: string | null;
  readonly time: Instant | null;
  readonly seq: string | null;
}

export interface Fill extends FillCursor {
  /** Events of later positions are counted as they are stored. */
  readonly through: string;
}

/** SQL that says whether the fill of a meter has yet to come to the event `e`. */
export const notYetFilledSql = (meter: string): string => `
  exists (
    select 1 from usage_meter_fill f
    where f.meter = ${meter} and e.event_seq <= f.fills_through and (
      e.account_id > f.after_account
      or e.account_id = f.after_account and (e.type collate "C", e.event_time, e.event_seq) > (f.after_type collate "C", f.after_time, f.after_seq)))`;

/** Begins with the first event. */
export async function beginFill(tx: Tx, meterId: number, through: bigint): Promise<void> {
  await tx.query('delete from usage_meter_fill where meter = $1', [meterId]);
  await tx.query('insert into usage_meter_fill (meter, fills_through) values ($1, $2)', [meterId, through.toString()]);
}

/** The meter counts everything. */
export async function endFill(tx: Tx, meterId: number): Promise<boolean> {
  const [rows] = await tx.query<[unknown[], number]>('delete from usage_meter_fill where meter = $1 returning meter', [meterId]);
  return rows.length > 0;
}

/** Locked against others that fill it, and that void events of it; nothing where the meter is filled. */
export async function lockFill(tx: Tx, meterId: number): Promise<Fill | undefined> {
  const [fill] = await tx.query<Fill[]>(
    `select fills_through::text as through, after_account as "accountId", after_type as type, after_time as time, after_seq::text as seq
     from usage_meter_fill where meter = $1 for update`,
    [meterId],
  );
  return fill;
}

export async function advanceFill(tx: Tx, meterId: number, { accountId, type, time, seq }: FillCursor): Promise<void> {
  await tx.query('update usage_meter_fill set after_account = $2, after_type = $3, after_time = $4, after_seq = $5 where meter = $1', [
    meterId,
    accountId,
    type,
    time === null ? null : formatInstant(time),
    seq,
  ]);
}

/**
 * The events with what they are to those meters alone that have counted them by now. Until the transaction ends no meter counts
 * more of them.
 */
export async function asCounted(tx: Tx, events: readonly CountedEvent[]): Promise<readonly CountedEvent[]> {
  const meterIds = [...new Set(events.flatMap(({ measures }) => measures.map(({ meter }) => meter.id)))];
  const filling = await tx.query<unknown[]>('select 1 from usage_meter_fill where meter = any($1::int[]) order by meter for share', [
    plainArray(meterIds),
  ]);
  if (filling.length === 0) return events;
  const rows = await tx.query<{ meter: number; seq: string }[]>(
    `select m.meter, e.event_seq::text as seq
     from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[]) as e(account_id, type, event_time, event_seq)
     join usage_meter_fill m on m.meter = any($5::int[]) where ${notYetFilledSql('m.meter')}`,
    [
      plainArray(events.map(({ accountId }) => accountId)),
      textArray(events.map(({ event }) => event.type)),
      plainArray(events.map(({ event }) => formatInstant(event.time))),
      plainArray(events.map(({ seq }) => seq)),
      plainArray(meterIds),
    ],
  );
  const missing = new Set(rows.map(({ meter, seq }) => `${String(meter)} ${seq}`));
  return events.map((event) => ({
    ...event,
    measures: event.measures.filter(({ meter }) => !missing.has(`${String(meter.id)} ${event.seq}`)),
  }));
}
