import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How late the last event of an archived file was stored, by which an export knows whether it has had all of them. */
export class ArchivePositions1764000715000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table usage_archive add column last_seq bigint;
      comment on column usage_archive.last_seq is 'the highest position of its events; null: not known'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table usage_archive drop column last_seq');
  }
}
