import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Alerts on usage and cost: what they look at, which accounts are to be looked at when, and what fired. */
export class Alerts1764000630000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table alert (
        key text not null constraint alert_pk primary key,
        name text not null,
        account_id uuid,
        plan text,
        meter text not null,
        measure text not null constraint alert_measure_is_known check (measure in ('quantity', 'cost')),
        thresholds text[] not null,
        archived boolean not null default false,
        spread_at timestamptz,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint alert_on_one_thing check ((account_id is null) <> (plan is null)));
      create index alert_by_meter on alert (meter);

      create table alert_watch (
        account_id uuid not null,
        alert text not null,
        check_at timestamptz not null,
        constraint alert_watch_pk primary key (account_id, alert)) with (fillfactor = 80);
      comment on table alert_watch is 'until when it is known that nothing fires unless events come; no row: until events come';
      create index alert_watch_due on alert_watch (check_at);
      create index alert_watch_by_alert on alert_watch (alert);

      create table alert_firing (
        account_id uuid not null,
        alert text not null,
        threshold text not null,
        period_start timestamptz not null,
        fired_at timestamptz not null,
        constraint alert_firing_pk primary key (account_id, alert, threshold, period_start));
      create index alert_firing_by_alert on alert_firing (alert)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table alert_firing, alert_watch, alert');
  }
}
