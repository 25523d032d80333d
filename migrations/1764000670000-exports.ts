import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Exports in the background, and accounting mappings. */
export class Exports1764000670000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table export_file (
        id text not null constraint export_file_pk primary key,
        request jsonb not null,
        status text not null constraint export_file_status check (status in ('queued', 'running', 'finished', 'failed', 'expired')),
        requested_at timestamptz not null,
        finished_at timestamptz,
        expires_at timestamptz,
        manifest jsonb,
        failure jsonb);
      create index export_file_by_expiry on export_file (expires_at) where status = 'finished';

      create table accounting_mapping (
        key text not null constraint accounting_mapping_pk primary key,
        name text not null,
        content jsonb not null,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table accounting_mapping, export_file');
  }
}
