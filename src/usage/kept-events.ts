import { plainArray, textArray } from '../common/database/arrays.js';
import type { Tx } from '../common/database/database.js';
import type { NamedThing } from '../common/ids.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { missingFor } from '../domain/metering/event.js';
import type { MeterEvent } from '../domain/metering/meter-event.js';
import { measureOf } from '../domain/metering/measures.js';
import type { CatalogMeter } from '../meters/meters.service.js';
import { usageArchived } from './archive/archived.js';
import { identOf } from './identity.js';
import { monthOf } from './months.js';
import type { CountedEvent } from './measured-event.js';
import { conditionsOf } from './quantities/dimensions.js';
import { admittedSql, NOT_VOIDED } from './quantities/events-sql.js';

/** Columns of a row `e` of usage_event. */
export const KEPT = `e.account_id as "accountId", e.event_time as time, e.event_seq::text as seq, e.source, e.id, e.type, e.sequence, e.data`;

export interface KeptRow extends Omit<MeterEvent, 'sequence'> {
  readonly accountId: string;
  readonly seq: string;
  readonly sequence: string;
}

/** A stored event with what the meters make of it. */
export function keptEvent({ accountId, seq, sequence, ...row }: KeptRow, meters: readonly CatalogMeter[]): CountedEvent {
  const event: MeterEvent = sequence === '' ? row : { ...row, sequence };
  return { accountId, seq, ident: identOf(event), event, measures: measuresOfKept(meters, event) };
}

/**
 * Meters that are younger than an event were not asked when it was admitted: where they miss something in it, it counts without. Only names
 * that are too long for keys keep it out of them.
 */
const measuresOfKept = (meters: readonly CatalogMeter[], event: MeterEvent): CountedEvent['measures'] =>
  meters.flatMap((meter) => {
    const measure = missingFor([meter], event)?.code === 'value_too_long' ? undefined : measureOf(meter, event);
    return measure ? [{ meter, measure }] : [];
  });

/** The event of that identity. */
export async function keptByIdent(
  tx: Tx,
  { accountId, ident }: NamedThing,
  meters: readonly CatalogMeter[],
): Promise<CountedEvent | undefined> {
  const [row] = await tx.query<KeptRow[]>(
    `select ${KEPT} from event_identity i
     join usage_event e on e.account_id = i.account_id and e.event_time = i.event_time and e.event_seq = i.event_seq
     where i.account_id = $1 and i.ident = $2`,
    [accountId, ident],
  );
  return row && keptEvent(row, meters);
}

/** What of an account a meter counts in [from, to), up to `limit` events, with what all meters make of them. Relies on usage_event_pk. */
export async function keptInRange(
  tx: Tx,
  { accountId, meter, from, to, limit }: { accountId: string; meter: CatalogMeter; from: Instant; to: Instant; limit: number },
  meters: readonly CatalogMeter[],
): Promise<CountedEvent[]> {
  const rows = await tx.query<KeptRow[]>(
    `select ${KEPT} from usage_event e
     where e.account_id = $1 and e.type = $2 and e.event_time >= $3 and e.event_time < $4 and ${admittedSql('$5')} and ${NOT_VOIDED}
     order by e.event_time, e.event_seq limit $6`,
    [accountId, meter.eventType, formatInstant(from), formatInstant(to), JSON.stringify(conditionsOf(meter.filter)), limit],
  );
  return rows.map((row) => keptEvent(row, meters));
}

/** Where an event lies: what of its key follows the account. */
export interface Position {
  readonly type: string;
  readonly time: Instant;
  readonly seq: string;
}

/** Events of an account by position. Relies on usage_event_pk. @throws Refusal `usage_archived` where one is archived */
export async function keptAt(
  tx: Tx,
  accountId: string,
  positions: readonly Position[],
  meters: readonly CatalogMeter[],
): Promise<CountedEvent[]> {
  const rows = await tx.query<KeptRow[]>(
    `select ${KEPT} from unnest($2::text[], $3::timestamptz[], $4::bigint[]) as p(type, event_time, event_seq)
     join usage_event e on e.account_id = $1 and e.type = p.type and e.event_time = p.event_time and e.event_seq = p.event_seq
     order by e.event_time, e.event_seq`,
    [accountId, ...positionColumns(positions)],
  );
  if (rows.length < positions.length) {
    const found = new Set(rows.map(({ seq }) => seq));
    const missing = positions.find(({ seq }) => !found.has(seq));
    if (missing) throw usageArchived(monthOf(missing.time));
  }
  return rows.map((row) => keptEvent(row, meters));
}

export const positionOf = ({ event: { type, time }, seq }: CountedEvent): Position => ({ type, time, seq });

/** Types, times and positions, a list of each. */
export const positionColumns = (positions: readonly Position[]): (string | Buffer)[] => [
  textArray(positions.map(({ type }) => type)),
  plainArray(positions.map(({ time }) => formatInstant(time))),
  plainArray(positions.map(({ seq }) => seq)),
];
