import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Bounds beyond which nothing is billed unseen, and what a dry run would change for each account. */
export class BillRunControls1764000730000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table billing_bound (
        currency text not null constraint billing_bound_pk primary key,
        total_max_minor bigint,
        growth_max numeric,
        growth_from_minor bigint not null,
        revision integer not null default 1,
        updated_at timestamptz not null,
        constraint billing_bound_above_zero check (total_max_minor > 0 and growth_max >= 1 and growth_from_minor >= 0));
      comment on column billing_bound.growth_max is 'how many times the greatest of the account''s last invoices a total may be';

      create table bill_run_change (
        account_id uuid not null,
        run_id text not null,
        currency text not null,
        total_minor bigint not null,
        last_total_minor bigint,
        change_minor bigint not null generated always as (total_minor - coalesce(last_total_minor, 0)) stored,
        constraint bill_run_change_pk primary key (account_id, run_id));
      comment on table bill_run_change is 'what a dry run would bill an account, and what its last invoice came to';
      create index bill_run_change_largest on bill_run_change (run_id, abs(change_minor) desc, account_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table bill_run_change, billing_bound');
  }
}
