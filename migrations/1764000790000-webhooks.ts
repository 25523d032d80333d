import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Webhook endpoints and what is sent to them. Events are numbered, and wait in a table of their own until they are fanned out.
 * Events from before have the number 0: their table is not rewritten.
 */
export class Webhooks1764000790000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(EVENTS);
    await runner.query(ENDPOINTS);
    await runner.query(DELIVERIES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table webhook_attempt, webhook_delivery, webhook_secret, webhook_endpoint, outbox_pending;
      alter table outbox_event drop column sequence;
      drop sequence outbox_event_sequence`);
  }
}

const EVENTS = `
  create sequence outbox_event_sequence;
  alter table outbox_event add column sequence bigint not null default 0;
  alter table outbox_event alter column sequence set default nextval('outbox_event_sequence');
  comment on column outbox_event.sequence is 'grows with each later event of one thing';

  create table outbox_pending (
    account_id uuid not null,
    id text not null,
    constraint outbox_pending_pk primary key (account_id, id))`;

const ENDPOINTS = `
  create table webhook_endpoint (
    key text not null constraint webhook_endpoint_pk primary key,
    id text not null constraint webhook_endpoint_id unique,
    url text not null,
    events text[] not null,
    description text,
    enabled boolean not null,
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_reason text,
    revision integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null);

  create table webhook_secret (
    endpoint_id text not null constraint webhook_secret_endpoint references webhook_endpoint (id) on delete cascade,
    id text not null,
    sealed text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    constraint webhook_secret_pk primary key (endpoint_id, id));
  comment on column webhook_secret.sealed is 'encrypted with a key that is not in the database'`;

const DELIVERIES = `
  create table webhook_delivery (
    account_id uuid not null,
    id text not null,
    endpoint_id text not null,
    event_id text not null,
    cause text not null constraint webhook_delivery_cause check (cause in ('event', 'ping', 'redelivery')),
    state text not null constraint webhook_delivery_state check (state in ('pending', 'delivered', 'failed')),
    attempts integer not null default 0,
    created_at timestamptz not null,
    due_at timestamptz not null,
    finished_at timestamptz,
    claim text,
    claimed_until timestamptz,
    constraint webhook_delivery_pk primary key (account_id, id));
  create index webhook_delivery_due on webhook_delivery (endpoint_id, due_at, id) where state = 'pending';
  create index webhook_delivery_claimed on webhook_delivery (endpoint_id) where claim is not null;
  create index webhook_delivery_newest on webhook_delivery (endpoint_id, id desc);
  create index webhook_delivery_by_event on webhook_delivery (account_id, event_id);
  create index webhook_delivery_oldest on webhook_delivery (created_at);

  create table webhook_attempt (
    account_id uuid not null,
    delivery_id text not null,
    n integer not null,
    at timestamptz not null,
    status integer,
    duration_ms integer not null,
    failure text,
    answer text not null,
    constraint webhook_attempt_pk primary key (account_id, delivery_id, n));
  create trigger webhook_attempt_is_final before update on webhook_attempt for each row execute function refuse_change()`;
