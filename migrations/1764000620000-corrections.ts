import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the filling of new meters and the correction of usage need. */
export class Corrections1764000620000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(FILLS);
    await runner.query(VOIDS);
    await runner.query(BACKFILLS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table usage_backfill_item, usage_backfill, usage_restored, usage_meter_fill, usage_event_type;
      drop index usage_void_by_replacement`);
  }
}

const FILLS = `
  create table usage_event_type (
    type text not null constraint usage_event_type_pk primary key);
  comment on table usage_event_type is 'every type of which there may be an event';
  insert into usage_event_type select distinct type from usage_event;

  create table usage_meter_fill (
    meter integer not null constraint usage_meter_fill_pk primary key,
    fills_through bigint not null,
    after_account uuid not null default '00000000-0000-0000-0000-000000000000',
    after_type text,
    after_time timestamptz,
    after_seq bigint);
  comment on table usage_meter_fill is 'how far events that were there before a meter are counted by it; its row is the lock on this';
  comment on column usage_meter_fill.after_type is 'null where all of the account is counted'`;

const VOIDS = `
  create index usage_void_by_replacement on usage_void (account_id, replaced_by) where replaced_by is not null;

  create table usage_restored (
    account_id uuid not null,
    restored_seq bigint generated always as identity,
    type text not null,
    event_time timestamptz not null,
    event_seq bigint not null,
    ident uuid not null,
    voided_at timestamptz not null,
    voided_by_kind text not null,
    voided_by_id text not null,
    void_reason text not null,
    correction text,
    restored_at timestamptz not null,
    actor_kind text not null,
    actor_id text not null,
    reason text not null,
    constraint usage_restored_pk primary key (account_id, restored_seq));
  comment on table usage_restored is 'events that were voided and count again';
  create trigger usage_restored_is_final before update or delete on usage_restored for each row execute function refuse_change()`;

const BACKFILLS = `
  create table usage_backfill (
    account_id uuid not null,
    id text not null,
    meter text not null,
    mode text not null,
    from_at timestamptz not null,
    to_at timestamptz not null,
    reason text not null,
    added integer not null,
    voided integer not null,
    created_at timestamptz not null,
    actor_kind text not null,
    actor_id text not null,
    reverted_at timestamptz,
    reverted_by_kind text,
    reverted_by_id text,
    revert_reason text,
    constraint usage_backfill_pk primary key (account_id, id));
  create index usage_backfill_by_id on usage_backfill (id);

  create table usage_backfill_item (
    account_id uuid not null,
    backfill_id text not null,
    ident uuid not null,
    act text not null,
    type text not null,
    event_time timestamptz not null,
    event_seq bigint not null,
    constraint usage_backfill_item_pk primary key (account_id, backfill_id, ident));
  comment on column usage_backfill_item.act is 'added or voided'`;
