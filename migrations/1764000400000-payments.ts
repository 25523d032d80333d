import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Payment methods, payments with their attempts, refunds; and the books of the built-in provider. */
export class Payments1764000400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table payment_method (
        account_id uuid not null,
        id text not null,
        provider text not null,
        customer text not null,
        reference text not null,
        label text not null,
        created_at timestamptz not null,
        constraint payment_method_pk primary key (account_id, id));

      create table payment (
        account_id uuid not null,
        id text not null,
        invoice_id text not null,
        provider text not null,
        state text not null constraint payment_state check (state in ('pending', 'succeeded', 'failed')),
        amount_minor bigint not null constraint payment_of_something check (amount_minor > 0),
        currency text not null,
        method text not null,
        reference text,
        received_on date,
        reason text,
        created_at timestamptz not null,
        settled_at timestamptz,
        constraint payment_pk primary key (account_id, id));
      create index payment_by_invoice on payment (account_id, invoice_id);
      create index payment_newest on payment (created_at desc, id desc);
      create unique index payment_one_pending on payment (account_id, invoice_id) where state = 'pending';

      create table payment_attempt (
        account_id uuid not null,
        payment_id text not null,
        n integer not null,
        invoice_id text not null,
        method_id text not null,
        state text not null constraint payment_attempt_state
          check (state in ('created', 'pending', 'unknown', 'succeeded', 'requires_action', 'declined', 'not_attempted')),
        decline text,
        reason text,
        reference text,
        created_at timestamptz not null,
        resolved_at timestamptz,
        constraint payment_attempt_pk primary key (account_id, payment_id, n));
      create unique index payment_attempt_one_open on payment_attempt (account_id, invoice_id) where state in ('created', 'pending', 'unknown');
      create index payment_attempt_open on payment_attempt (created_at) where state in ('created', 'pending', 'unknown');

      create table refund (
        account_id uuid not null,
        id text not null,
        payment_id text not null,
        state text not null constraint refund_state check (state in ('pending', 'succeeded', 'failed')),
        amount_minor bigint not null constraint refund_of_something check (amount_minor > 0),
        currency text not null,
        reason text not null,
        failure text,
        created_at timestamptz not null,
        settled_at timestamptz,
        constraint refund_pk primary key (account_id, id));
      create index refund_by_payment on refund (account_id, payment_id);
      create index refund_open on refund (created_at) where state = 'pending';

      create table provider_event (
        provider text not null,
        event_id text not null,
        received_at timestamptz not null,
        constraint provider_event_pk primary key (provider, event_id));

      create table sandbox_operation (
        key text not null constraint sandbox_operation_pk primary key,
        kind text not null,
        token text not null,
        amount_minor bigint not null,
        currency text not null,
        outcome jsonb not null,
        booked_at timestamptz not null);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sandbox_operation, provider_event, refund, payment_attempt, payment, payment_method');
  }
}
