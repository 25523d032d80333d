import { admittedSql } from '../quantities/events-sql.js';

/*
 * Rows are taken from what batches appended and added to the row of their day in one statement: whoever asks meanwhile sees all of them in
 * one place or in the other.
 */
export const COMPACT = `
  with taken as (
    delete from usage_receipt where ctid = any(array(select ctid from usage_receipt order by source, day limit $1)) returning *),
  added as (
    insert into usage_receipt_day as r (source, meter, day, events, total)
    select source, meter, day, sum(events), sum(total) from taken group by source, meter, day order by source, day, meter
    on conflict (source, day, meter) do update set events = r.events + excluded.events, total = r.total + excluded.total)
  select count(*)::int as rows from taken`;

/* $1 the source, $2 from, $3 to. Relies on usage_receipt_day_pk and usage_receipt_by_source. */
export const RECEIVED = `
  select meter as "meterId", day::text as day, sum(events)::bigint as events, sum(total)::text as total
  from (
    select meter, day, events, total from usage_receipt_day where source = $1 and day >= $2::date and day < $3::date
    union all
    select meter, day, events, total from usage_receipt where source = $1 and day >= $2::date and day < $3::date) r
  group by meter, day`;

/*
 * Voided events, by the meters that took them. $1 the source, $2 from, $3 to (instants), $4 the meters. Relies on usage_void_by_time and
 * usage_event_pk.
 */
export const VOIDED = `
  select m.id as "meterId", (v.event_time at time zone 'UTC')::date::text as day, count(*) as voided
  from usage_void v
  join usage_event e on e.account_id = v.account_id and e.type = v.type and e.event_time = v.event_time and e.event_seq = v.event_seq
  join jsonb_to_recordset($4::jsonb) as m(id int, "eventType" text, "snapshotType" text, conditions jsonb)
    on (m."snapshotType" = e.type and e.data -> 'snapshot' = 'true'::jsonb) or (m."eventType" = e.type and ${admittedSql('m.conditions')})
  where v.event_time >= $2::timestamptz and v.event_time < $3::timestamptz and e.source = $1
  group by 1, 2`;
