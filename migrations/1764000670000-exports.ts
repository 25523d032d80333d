import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which transaction recorded a row, by which an export goes on where another ended; exports in the background; accounting mappings. */
export class Exports1764000670000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const table of RECORDED) {
      await runner.query(`alter table ${table} add column if not exists recorded_xid xid8`); // null in older rows: no table is rewritten
      await runner.query(`alter table ${table} alter column recorded_xid set default pg_current_xact_id()`);
    }
    for (const table of INDEXED) {
      await runner.query(`drop index concurrently if exists ${table}_by_recorded`);
      await runner.query(`create index concurrently ${table}_by_recorded on ${table} (recorded_xid)`);
    }
    await runner.query(FORGET);
    await runner.query(TABLES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table if exists accounting_mapping, export_file; drop function if exists forget_recorded_transactions()');
    for (const table of RECORDED) await runner.query(`alter table ${table} drop column if exists recorded_xid`);
  }
}

const RECORDED = ['invoice', 'journal_entry', 'usage_event'];
/** Usage is looked through by its time: an index would cost every event. */
const INDEXED = ['invoice', 'journal_entry'];

/** A dump carries numbers of transactions of another server, which mean nothing here. */
const FORGET = `
  create or replace function forget_recorded_transactions() returns void language plpgsql as $$
  begin
${RECORDED.map(forgetIn).join('')}  end $$;
  comment on function forget_recorded_transactions is 'to be run once after a dump was restored, before anything is recorded'`;

function forgetIn(table: string): string {
  return `    alter table ${table} disable trigger user;
    update ${table} set recorded_xid = null where recorded_xid is not null;
    alter table ${table} enable trigger user;
`;
}

const TABLES = `
  create table if not exists export_file (
    id text not null constraint export_file_pk primary key,
    request jsonb not null,
    status text not null constraint export_file_status check (status in ('queued', 'running', 'finished', 'failed', 'expired')),
    requested_at timestamptz not null,
    finished_at timestamptz,
    expires_at timestamptz,
    bytes bigint,
    manifest jsonb,
    failure jsonb);
  create index if not exists export_file_by_expiry on export_file (expires_at) where status = 'finished';

  create table if not exists accounting_mapping (
    key text not null constraint accounting_mapping_pk primary key,
    name text not null,
    content jsonb not null,
    revision integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null)`;
