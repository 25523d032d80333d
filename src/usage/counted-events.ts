import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import { cursorKey, type Page, page, type PageQuery } from '../common/http/page.js';
import type { UsageFilter } from '../domain/catalog.js';
import { formatInstant, type Instant, tryInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { MetersService } from '../meters/meters.service.js';
import { refuseArchivedRange } from './archive/archived.js';
import { eventIdOf } from './find-event.js';
import { identOf } from './identity.js';
import { conditionsOf } from './quantities/dimensions.js';
import { admittedSql, groupsOfEventSql, NOT_VOIDED } from './quantities/events-sql.js';
import type { StoredEventView } from './usage.dto.js';

/** Which events of an account: those that a meter counts in [from, to), pass a filter, and have the values of a group. */
export interface EventsWanted {
  readonly accountId: string;
  readonly subject: string;
  readonly meter: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly filter?: UsageFilter | undefined;
  readonly group: Readonly<Record<string, string>>;
}

type Row = Pick<StoredEventView, 'id' | 'source' | 'type' | 'data'> & {
  readonly time: Instant;
  readonly receivedAt: Instant;
  readonly seq: bigint;
};

/* Relies on usage_event_by_type. */
const EVENTS = `
  select e.id, e.source, e.type, e.data, e.event_time as time, e.received_at as "receivedAt", e.event_seq as seq from usage_event e
  where e.account_id = $1 and e.type = $2 and e.event_time >= $3 and e.event_time < $4 and (e.event_time, e.event_seq) > ($5, $6)
    and ${admittedSql('$7')} and ${groupsOfEventSql('$8')} = $9::text[] and ${NOT_VOIDED}
  order by e.event_time, e.event_seq limit $10`;

/** The events behind a quantity. */
@Injectable()
export class CountedEvents {
  constructor(private readonly meters: MetersService) {}

  /** In the order of their time. @throws Refusal `meter_not_found`, `invalid_cursor`, `usage_archived` */
  async list(tx: Tx, wanted: EventsWanted, { limit, cursor }: PageQuery): Promise<Page<StoredEventView>> {
    const { accountId, subject, group } = wanted;
    const meter = (await this.meters.all(tx)).find(({ key }) => key === wanted.meter);
    if (!meter) throw new Refusal('not_found', 'meter_not_found', `There is no meter "${wanted.meter}".`);
    const [from, to] = [formatInstant(wanted.from), formatInstant(wanted.to)];
    const after = afterOf(cursor) ?? [from, '0'];
    const rows = await tx.query<Row[]>(EVENTS, [
      accountId,
      meter.eventType,
      from,
      to,
      ...after,
      JSON.stringify(conditionsOf(meter.filter, wanted.filter)),
      Object.keys(group),
      Object.values(group),
      limit + 1,
    ]);
    await refuseArchivedRange(tx, { ...wanted, types: [meter.eventType] });
    const { data, nextCursor } = page(rows, limit, ({ time, seq }) => [formatInstant(time), seq.toString()]);
    return { data: data.map((row) => viewOf(row, { accountId, subject })), nextCursor };
  }
}

const viewOf = (
  { id, source, type, data, time, receivedAt }: Row,
  { accountId, subject }: Pick<EventsWanted, 'accountId' | 'subject'>,
): StoredEventView => ({
  eventId: eventIdOf({ accountId, ident: identOf({ source, id }) }),
  id,
  source,
  type,
  subject,
  time: formatInstant(time),
  data,
  receivedAt: formatInstant(receivedAt),
});

/** @throws Refusal `invalid_cursor` */
function afterOf(cursor: string | undefined): [time: string, seq: string] | undefined {
  const key = cursorKey(cursor);
  if (key === undefined) return undefined;
  const [time = '', seq = ''] = key;
  if (!/^\d{1,18}$/.test(seq) || tryInstant(time) === undefined)
    throw new Refusal(
      'invalid',
      'invalid_cursor',
      'The cursor is not one of this list: send the nextCursor of its last page, or leave it out.',
    );
  return [time, seq];
}
