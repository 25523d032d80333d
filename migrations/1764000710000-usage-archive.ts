import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The files that months of usage events were moved to. */
export class UsageArchive1764000710000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table usage_archive (
        month text not null,
        part integer not null,
        file text not null,
        events bigint not null,
        bytes bigint not null,
        sha256 text not null,
        content_sha256 text not null,
        types text[] not null,
        archived_at timestamptz not null,
        actor_kind text not null,
        actor_id text not null,
        restored_at timestamptz,
        restored_by_kind text,
        restored_by_id text,
        constraint usage_archive_pk primary key (month, part),
        constraint usage_archive_month check (month ~ '^[0-9]{4}-[0-9]{2}$'));
      comment on column usage_archive.sha256 is 'of the file';
      comment on column usage_archive.content_sha256 is 'of the events, as they were in the table';
      comment on column usage_archive.restored_at is 'null: the events are in the file alone';

      create table usage_archive_disturbed (month text not null constraint usage_archive_disturbed_pk primary key);
      comment on table usage_archive_disturbed is 'months of which an event was stored since their copying began';
      create function note_disturbed_archive() returns trigger language plpgsql as $$
      begin
        insert into usage_archive_disturbed (month) values (tg_argv[0]) on conflict do nothing;
        return null;
      end $$`);
  }

  /** Refused while events are in files alone: nothing would know of them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      do $$ begin
        if exists (select from usage_archive where restored_at is null) then
          raise exception 'months of usage are archived: restore them first, with wharfage archive --restore';
        end if;
      end $$;
      drop function note_disturbed_archive cascade;
      drop table usage_archive_disturbed, usage_archive`);
  }
}
