import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Attempts that wait for the customer stay open; pending payments are found by key; a payment method that is added again is the same one.
 * The tables are filled, so indexes are built beside the running service, outside a transaction: each step may be repeated.
 */
export class PaymentsSafety1764000550000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table payment_method add column if not exists choice integer not null default 0');
    await rebuild(runner, 'payment_method_once', 'unique index', 'payment_method (account_id, provider, reference) where choice > 0');
    await runner.query(`update payment_attempt set state = 'declined' where state = 'requires_action'`); // their payments were closed as failed
    await rebuild(
      runner,
      'payment_attempt_one_open',
      'unique index',
      `payment_attempt (account_id, invoice_id) where state in ('created', 'pending', 'unknown', 'requires_action')`,
    );
    await rebuild(runner, 'payment_pending', 'index', `payment (created_at, id) where state = 'pending'`);
    await runner.query('drop index concurrently if exists payment_attempt_open'); // an open attempt is found by its pending payment
  }

  /** Taking back is one transaction, as TypeORM has it: indexes are built under a lock. What waits for the customer was a failure before. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      update payment p set state = 'failed', settled_at = now() where p.state = 'pending' and exists (
        select from payment_attempt a where a.account_id = p.account_id and a.payment_id = p.id and a.state = 'requires_action');
      drop index payment_pending, payment_attempt_one_open, payment_method_once;
      create unique index payment_attempt_one_open on payment_attempt (account_id, invoice_id) where state in ('created', 'pending', 'unknown');
      create index payment_attempt_open on payment_attempt (created_at) where state in ('created', 'pending', 'unknown');
      alter table payment_method drop column choice`);
  }
}

/** The old index stays until the new one is there. What a broken build left behind is removed first. */
async function rebuild(runner: QueryRunner, name: string, kind: 'index' | 'unique index', on: string): Promise<void> {
  await runner.query(`drop index concurrently if exists ${name}_new`);
  await runner.query(`create ${kind} concurrently ${name}_new on ${on}`);
  await runner.query(`drop index concurrently if exists ${name}`);
  await runner.query(`alter index ${name}_new rename to ${name}`);
}
