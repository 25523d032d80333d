import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is kept of rejected events; receipts by day. Local tables: neither belongs to an account. */
export class Quarantine1764000610000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table usage_quarantine (
        id text not null,
        received_at timestamptz not null,
        expires_at timestamptz not null,
        subject text not null,
        source text not null,
        event_id text not null,
        type text not null,
        code text not null,
        pointer text not null,
        api_key_id text,
        may_backfill boolean not null,
        body jsonb not null,
        constraint usage_quarantine_pk primary key (id));
      create unique index usage_quarantine_by_event on usage_quarantine (subject, source, event_id);
      create index usage_quarantine_by_expiry on usage_quarantine (expires_at);
      comment on column usage_quarantine.may_backfill is 'whether the key that sent it had the scope usage:backfill';

      create table usage_quarantine_size (
        id boolean not null default true check (id),
        rows bigint not null,
        constraint usage_quarantine_size_pk primary key (id));
      comment on table usage_quarantine_size is 'how many rows usage_quarantine has; locked before any come or go';
      insert into usage_quarantine_size (rows) values (0);

      create table usage_receipt_day (
        source text not null,
        meter integer not null,
        day date not null,
        events bigint not null,
        total numeric not null,
        constraint usage_receipt_day_pk primary key (source, day, meter));
      comment on table usage_receipt_day is 'what was added up of usage_receipt; a day is the sum of both';
      create index usage_void_by_time on usage_void (event_time)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      insert into usage_receipt (source, meter, day, events, total) select source, meter, day, events, total from usage_receipt_day;
      drop index usage_void_by_time;
      drop table usage_receipt_day, usage_quarantine_size, usage_quarantine`);
  }
}
