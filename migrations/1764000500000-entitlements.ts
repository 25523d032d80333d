import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Features and entitlements; the outbox; add-ons and pauses; migrations of plan holders; what was imported. */
export class Entitlements1764000500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SUBSCRIPTIONS);
    await runner.query(ENTITLEMENTS);
    await runner.query(OUTBOX);
    await runner.query(MIGRATIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table imported_subscription, plan_migration, outbox_event, entitlement, feature;
      drop index subscription_change_by_plan;
      alter table subscription drop column add_on_to, drop column paused_in;
      alter table account drop column past_due_since`);
  }
}

const SUBSCRIPTIONS = `
  alter table account add column past_due_since timestamptz;
  alter table subscription add column add_on_to text, add column paused_in tstzmultirange not null default '{}';
  create index subscription_change_by_plan on subscription_change ((payload ->> 'plan'), account_id, subscription_id) where payload ? 'plan'`;

const ENTITLEMENTS = `
  create table feature (
    key text not null constraint feature_pk primary key,
    name text not null,
    kind text not null constraint feature_kind_is_known check (kind in ('limit', 'flag')),
    meter text,
    revision integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null);

  create table entitlement (
    account_id uuid not null constraint entitlement_pk primary key,
    revision bigint not null,
    valid_until timestamptz,
    answer text not null,
    used jsonb not null default '{}');
  create index entitlement_by_validity on entitlement (valid_until) where valid_until is not null;
  insert into entitlement (account_id, revision, valid_until, answer) select id, 0, 'epoch', '' from account`;

const OUTBOX = `
  create table outbox_event (
    account_id uuid not null,
    id text not null,
    type text not null,
    at timestamptz not null,
    data jsonb not null,
    constraint outbox_event_pk primary key (account_id, id));
  create index outbox_event_newest on outbox_event (id desc);
  create trigger outbox_event_is_final before update on outbox_event for each row execute function refuse_change()`;

const MIGRATIONS = `
  create table plan_migration (
    id text not null constraint plan_migration_pk primary key,
    plan text not null constraint plan_migration_plan_fk references plan (key),
    from_versions integer[],
    to_version integer not null,
    take_effect text not null,
    dry_run boolean not null,
    actor jsonb not null,
    reason text,
    status text not null constraint plan_migration_status check (status in ('queued', 'running', 'finished')),
    requested_at timestamptz not null,
    finished_at timestamptz,
    reached text not null default '',
    holders integer not null default 0,
    moved integer not null default 0,
    refused jsonb not null default '[]',
    due_now_minor numeric not null default 0,
    before_minor numeric not null default 0,
    after_minor numeric not null default 0);

  create table imported_subscription (
    account_id uuid not null,
    reference text not null,
    subscription_id text not null,
    content_hash text not null,
    imported_at timestamptz not null,
    constraint imported_subscription_pk primary key (account_id, reference))`;
