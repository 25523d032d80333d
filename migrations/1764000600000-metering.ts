import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rollups, levels, corrections, quarantine, receipts and alerts: what makes quantities cheap, and events correctable. */
export class Metering1764000600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(METERS);
    await runner.query(EVENTS);
    await runner.query(ROLLUPS);
    await runner.query(LEVELS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table usage_level_month, usage_level_cell, usage_level_tail, usage_jump, usage_snapshot_gate, usage_snapshot, usage_resource, usage_point,
        usage_rollup, usage_rollup_tail, usage_receipt, usage_void;
      drop table usage_late_touch;
      create table usage_late_touch (
        account_id uuid not null,
        touched_at timestamptz not null,
        earliest_event_time timestamptz not null,
        constraint usage_late_touch_pk primary key (account_id));
      alter sequence usage_event_seq increment by 1;
      alter table usage_event drop constraint usage_event_pk;
      alter table usage_event add constraint usage_event_pk primary key (account_id, event_time, event_seq);
      create index usage_event_by_type on usage_event (account_id, type, event_time);
      alter table meter drop column id, drop column fills_through, drop column filled_at`);
  }
}

const METERS = `
  create sequence meter_id_seq as integer;
  alter table meter add column id integer not null default nextval('meter_id_seq') constraint meter_id_unique unique;
  alter sequence meter_id_seq owned by meter.id;
  alter table meter add column fills_through bigint not null default 0, add column filled_at timestamptz`;

/* One key serves both the order of events and look-ups by type. */
const EVENTS = `
  alter sequence usage_event_seq increment by 16384;
  select setval('usage_event_seq', greatest((select last_value from usage_event_seq), 16384));
  comment on sequence usage_event_seq is 'the last position of a block: a statement that stores events takes one';
  drop index usage_event_by_type;
  alter table usage_event drop constraint usage_event_pk;
  alter table usage_event add constraint usage_event_pk primary key (account_id, type, event_time, event_seq);

  create table usage_void (
    account_id uuid not null,
    type text not null,
    event_time timestamptz not null,
    event_seq bigint not null,
    ident uuid not null,
    voided_at timestamptz not null,
    actor_kind text not null,
    actor_id text not null,
    reason text not null,
    replaced_by text,
    correction text,
    constraint usage_void_pk primary key (account_id, type, event_time, event_seq));
  create index usage_void_by_ident on usage_void (account_id, ident);

  drop table usage_late_touch;
  create table usage_late_touch (
    account_id uuid not null,
    touch_seq bigint generated always as identity,
    touched_at timestamptz not null,
    earliest_event_time timestamptz not null,
    constraint usage_late_touch_pk primary key (account_id, touch_seq));

  create table usage_receipt (
    source text not null,
    meter integer not null,
    day date not null,
    events bigint not null,
    total numeric not null);
  create index usage_receipt_by_source on usage_receipt (source, day)`;

/* Appended by the batch (tail), added up later: an hour's quantity is the row of usage_rollup plus what is in the tail. */
const ROLLUPS = `
  create table usage_rollup (
    account_id uuid not null,
    meter integer not null,
    hour timestamptz not null,
    grp text not null,
    events bigint not null,
    numbers bigint not null,
    total numeric not null,
    least numeric,
    greatest numeric,
    constraint usage_rollup_pk primary key (account_id, meter, hour, grp));
  create table usage_rollup_tail (
    account_id uuid not null,
    meter integer not null,
    hour timestamptz not null,
    grp text not null,
    events bigint not null,
    numbers bigint not null,
    total numeric not null,
    least numeric,
    greatest numeric);
  create index usage_rollup_tail_by_account on usage_rollup_tail (account_id, meter, hour);
  comment on column usage_rollup.grp is 'the values of the meter''s groupBy properties, as a JSON list; empty where it has none'`;

const LEVELS = `
  create table usage_point (
    account_id uuid not null,
    meter integer not null,
    resource text not null,
    at timestamptz not null,
    ident uuid not null,
    sequence text not null,
    source text not null,
    id text not null,
    value numeric not null,
    grp text not null,
    constraint usage_point_pk primary key (account_id, meter, resource, at, ident));
  create table usage_resource (
    account_id uuid not null,
    meter integer not null,
    resource text not null,
    at timestamptz,
    value numeric,
    grp text,
    constraint usage_resource_pk primary key (account_id, meter, resource)) with (fillfactor = 70);
  comment on table usage_resource is 'the last point of each resource, and the lock under which its points change';
  create table usage_snapshot (
    account_id uuid not null,
    meter integer not null,
    at timestamptz not null,
    ident uuid not null,
    sequence text not null,
    source text not null,
    id text not null,
    running text[] not null,
    constraint usage_snapshot_pk primary key (account_id, meter, at, ident));

  create table usage_snapshot_gate (
    account_id uuid not null,
    meter integer not null,
    constraint usage_snapshot_gate_pk primary key (account_id, meter));

  create table usage_jump (
    account_id uuid not null,
    meter integer not null,
    at timestamptz not null,
    grp text not null,
    jump numeric not null,
    points integer not null);
  create index usage_jump_by_time on usage_jump (account_id, meter, at);
  comment on column usage_jump.points is 'how many events came to be counted at that instant; below zero where they were voided';

  create table usage_level_tail (
    account_id uuid not null,
    meter integer not null,
    hour timestamptz not null,
    grp text not null,
    jump numeric not null,
    moment numeric not null,
    points bigint not null);
  create index usage_level_tail_by_account on usage_level_tail (account_id, meter, hour);
  create table usage_level_cell (
    account_id uuid not null,
    meter integer not null,
    hour timestamptz not null,
    grp text not null,
    jump numeric not null,
    moment numeric not null,
    points bigint not null,
    least numeric not null,
    greatest numeric not null,
    constraint usage_level_cell_pk primary key (account_id, meter, hour, grp));
  comment on column usage_level_cell.moment is 'the sum of jump x microseconds since the hour began';
  comment on column usage_level_cell.least is 'the least sum of the jumps within the hour, from 0';
  create table usage_level_month (
    account_id uuid not null,
    meter integer not null,
    month timestamptz not null,
    grp text not null,
    jump numeric not null,
    constraint usage_level_month_pk primary key (account_id, meter, month, grp))`;
