import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys, the audit trail, idempotency keys, the test clock. */
export class Platform1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception '% of % is refused: its rows are never changed', tg_op, tg_table_name using errcode = 'restrict_violation';
      end $$;

      create table api_key (
        id text not null constraint api_key_pk primary key,
        name text not null,
        hash text not null,
        scopes text[] not null,
        created_at timestamptz not null,
        expires_at timestamptz,
        revoked_at timestamptz);

      create table audit_entry (
        id text not null constraint audit_entry_pk primary key,
        at timestamptz not null,
        actor_kind text not null,
        actor_id text not null,
        action text not null,
        account_id uuid,
        subject_type text not null,
        subject_id text not null,
        before jsonb,
        after jsonb,
        reason text,
        request_id text);
      create index audit_entry_by_account on audit_entry (account_id, id) where account_id is not null;
      create index audit_entry_by_subject on audit_entry (subject_type, subject_id, id);
      create trigger audit_entry_is_final before update or delete on audit_entry for each row execute function refuse_change();

      create table idempotency_key (
        actor text not null,
        key text not null,
        request text not null,
        answer jsonb not null,
        expires_at timestamptz not null,
        constraint idempotency_key_pk primary key (actor, key));
      create index idempotency_key_by_expiry on idempotency_key (expires_at);

      create table test_clock (
        id boolean not null constraint test_clock_pk primary key constraint test_clock_is_one check (id),
        now_at timestamptz not null);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table test_clock, idempotency_key, audit_entry, api_key; drop function refuse_change()');
  }
}
