import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Payments and refunds compared with the books of their providers; and an index of those of the built-in one. */
export class Reconciliation1764000791000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table reconciliation (
        id text not null constraint reconciliation_pk primary key,
        provider text not null,
        cause text not null constraint reconciliation_cause check (cause in ('daily', 'request')),
        from_at timestamptz not null,
        to_at timestamptz not null,
        status text not null constraint reconciliation_status check (status in ('running', 'finished', 'failed')),
        started_at timestamptz not null,
        finished_at timestamptz,
        ours bigint not null default 0,
        theirs bigint not null default 0,
        drifts jsonb not null default '{}',
        failure text);
      comment on column reconciliation.drifts is 'how many there are of each kind';
      create index reconciliation_daily on reconciliation (provider, to_at desc) where cause = 'daily' and status = 'finished';
      create trigger reconciliation_is_final before update on reconciliation for each row when (old.status <> 'running')
        execute function refuse_change();

      create table reconciliation_drift (
        reconciliation_id text not null,
        n integer not null,
        kind text not null,
        subject text not null,
        ours jsonb,
        theirs jsonb,
        constraint reconciliation_drift_pk primary key (reconciliation_id, n));
      create trigger reconciliation_drift_is_final before update or delete on reconciliation_drift for each row execute function refuse_change();

      create table reconciliation_record (
        reconciliation_id text not null,
        side text not null,
        n bigint not null generated always as identity,
        kind text not null,
        subject text collate "C" not null,
        key text not null,
        account_id uuid,
        state text not null,
        amount_minor bigint not null,
        currency text not null,
        customer text,
        reference text,
        at timestamptz not null,
        constraint reconciliation_record_pk primary key (reconciliation_id, side, subject, n));
      comment on table reconciliation_record is 'what is being compared; gone once it was';

      create index sandbox_operation_by_time on sandbox_operation (booked_at, key)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index sandbox_operation_by_time;
      drop table reconciliation_record, reconciliation_drift, reconciliation`);
  }
}
