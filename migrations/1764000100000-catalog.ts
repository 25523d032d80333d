import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts, the catalog (tax rates, meters, plans, coupons) and subscriptions. */
export class Catalog1764000100000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table tax_rate (
        key text not null,
        name text not null,
        rate numeric not null,
        category text not null,
        inclusive boolean not null,
        exemption_reason text,
        archived boolean not null default false,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint tax_rate_pk primary key (key),
        constraint tax_rate_rate_is_a_fraction check (rate >= 0 and rate <= 1))`);
    await queryRunner.query(`
      create table account (
        id uuid not null,
        key text not null,
        kind text not null,
        name text not null,
        email text,
        currency text not null,
        time_zone text not null,
        address jsonb,
        tax_ids jsonb not null default '[]',
        tax_rates text[] not null default '{}',
        provider text not null,
        metadata jsonb not null default '{}',
        billed boolean not null default false,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint account_pk primary key (id),
        constraint account_kind_is_known check (kind in ('user', 'organization')))`);
    await queryRunner.query('create index account_newest on account (created_at desc, key desc)');

    await queryRunner.query(`
      create table meter (
        key text not null,
        name text not null,
        definition jsonb not null,
        in_use boolean not null default false,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint meter_pk primary key (key))`);
    await queryRunner.query(`
      create table catalog_revision (
        catalog text not null,
        revision bigint not null,
        constraint catalog_revision_pk primary key (catalog))`);
    await queryRunner.query(`insert into catalog_revision (catalog, revision) values ('meters', 1)`);

    await queryRunner.query(`
      create table plan (
        key text not null,
        newest_version integer not null,
        archived_at timestamptz,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint plan_pk primary key (key))`);
    await queryRunner.query(`
      create table plan_version (
        plan text not null,
        version integer not null,
        effective_at timestamptz,
        content jsonb not null,
        created_at timestamptz not null,
        constraint plan_version_pk primary key (plan, version),
        constraint plan_version_plan_fk foreign key (plan) references plan (key),
        constraint plan_version_only_the_first_is_timeless check ((version = 1) = (effective_at is null)))`);
    await queryRunner.query(`
      create table coupon (
        key text not null,
        name text not null,
        definition jsonb not null,
        redemptions integer not null default 0,
        archived boolean not null default false,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint coupon_pk primary key (key))`);

    await queryRunner.query(`
      create table subscription (
        account_id uuid not null,
        id text not null,
        starts_at timestamptz not null,
        trial_ends_at timestamptz,
        ends_at timestamptz,
        revision integer not null,
        created_at timestamptz not null,
        constraint subscription_pk primary key (account_id, id))`);
    await queryRunner.query('create index subscription_newest on subscription (id desc)');
    await queryRunner.query(`
      create table subscription_change (
        account_id uuid not null,
        subscription_id text not null,
        seq integer not null,
        kind text not null,
        effective_at timestamptz not null,
        recorded_at timestamptz not null,
        payload jsonb not null,
        constraint subscription_change_pk primary key (account_id, subscription_id, seq),
        constraint subscription_change_subscription_fk foreign key (account_id, subscription_id) references subscription (account_id, id))`);

    for (const table of ['plan_version', 'subscription_change'])
      await queryRunner.query(`
        create trigger ${table}_is_final before update or delete on ${table} for each row execute function refuse_change();
        create trigger ${table}_stays before truncate on ${table} for each statement execute function refuse_change()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'drop table subscription_change, subscription, coupon, plan_version, plan, catalog_revision, meter, account, tax_rate',
    );
  }
}
