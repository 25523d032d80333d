import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What providers told is kept before it is dealt with, and says what became of it. What was received before was dealt with at once. The table is
 * filled, so the index is built beside the running service, outside a transaction: each step may be repeated.
 */
export class ProviderEvents1764000780000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table provider_event
        add column if not exists type text not null default '',
        add column if not exists state text not null default 'processed',
        add column if not exists about jsonb,
        add column if not exists tries integer not null default 0,
        add column if not exists reason text,
        add column if not exists occurred_at timestamptz,
        add column if not exists settled_at timestamptz`);
    await runner.query('alter table provider_event drop constraint if exists provider_event_state');
    await runner.query(`
      alter table provider_event add constraint provider_event_state
        check (state in ('received', 'processed', 'ignored', 'parked')) not valid`);
    await runner.query('alter table provider_event validate constraint provider_event_state');
    await runner.query('drop index concurrently if exists provider_event_newest');
    await runner.query('create index concurrently provider_event_newest on provider_event (received_at desc, provider, event_id)');
    await runner.query('drop index concurrently if exists provider_event_open');
    await runner.query(
      `create index concurrently provider_event_open on provider_event (received_at, provider, event_id) where state in ('received', 'parked')`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index provider_event_newest, provider_event_open;
      alter table provider_event drop constraint provider_event_state, drop column type, drop column state, drop column about, drop column tries,
        drop column reason, drop column occurred_at, drop column settled_at`);
  }
}
