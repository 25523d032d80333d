import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long a meter's level stood how high, for hours with many jumps: filled as hours are next added up. */
export class LevelSpans1764000720000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table usage_level_span (
        account_id uuid not null,
        meter integer not null,
        hour timestamptz not null,
        rises numeric[] not null,
        micros bigint[] not null,
        constraint usage_level_span_pk primary key (account_id, meter, hour));
      comment on column usage_level_span.rises is 'how much higher than at the start of the hour all groups together stood';
      comment on column usage_level_span.micros is 'for how long in all, for each of the rises'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table usage_level_span');
  }
}
