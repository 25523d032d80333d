import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Usage events: their identities, which are kept for ever, and the events themselves, partitioned by month of their time. */
export class Usage1764000200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function usage_text(data jsonb, property text) returns text language sql immutable parallel safe as $$
        select case jsonb_typeof(data -> property)
          when 'number' then trim_scale((data ->> property)::numeric)::text
          when 'boolean' then data ->> property
          when 'string' then case
            when data ->> property ~ '^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$' and length(translate(data ->> property, '-.', '')) <= 40
              then trim_scale((data ->> property)::numeric)::text
            else data ->> property end
          end $$;
      comment on function usage_text is 'a property as the text by which it is compared: decimals without zeros at the end';
      create function usage_number(data jsonb, property text) returns numeric language sql immutable parallel safe as $$
        select case
          when jsonb_typeof(data -> property) = 'number' then (data ->> property)::numeric
          when jsonb_typeof(data -> property) = 'string' and data ->> property ~ '^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$' and length(translate(data ->> property, '-.', '')) <= 40
            then (data ->> property)::numeric
          end $$;

      create table event_identity (
        account_id uuid not null,
        ident uuid not null,
        event_time timestamptz not null,
        event_seq bigint not null,
        content_hash uuid not null,
        constraint event_identity_pk primary key (account_id, ident));
      comment on column event_identity.ident is 'the first 16 bytes of SHA-256 (source NUL id)';
      comment on column event_identity.content_hash is 'the first 16 bytes of SHA-256 of what the event says';

      create sequence usage_event_seq;
      create table usage_event (
        account_id uuid not null,
        event_time timestamptz not null,
        event_seq bigint not null,
        source text not null,
        id text not null,
        type text not null,
        sequence text not null,
        data jsonb not null,
        received_at timestamptz not null,
        constraint usage_event_pk primary key (account_id, event_time, event_seq)) partition by range (event_time);
      create index usage_event_by_type on usage_event (account_id, type, event_time);
      create trigger usage_event_is_final before update or delete on usage_event for each row execute function refuse_change();

      create table usage_watermark (
        account_id uuid not null,
        billed_through timestamptz,
        constraint usage_watermark_pk primary key (account_id));

      create table usage_late_touch (
        account_id uuid not null,
        touched_at timestamptz not null,
        earliest_event_time timestamptz not null,
        constraint usage_late_touch_pk primary key (account_id));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table usage_late_touch, usage_watermark, usage_event, event_identity; drop sequence usage_event_seq; drop function usage_text, usage_number',
    );
  }
}
