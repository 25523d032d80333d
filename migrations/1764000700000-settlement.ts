import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How far each account is settled, and what was billed by where it ends. Lines are many, so their index is built beside the running service,
 * outside a transaction: each step may be repeated.
 */
export class Settlement1764000700000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table billing_state add column if not exists settled_through timestamptz, add column if not exists settled_facts jsonb,
        add column if not exists usage_needed_from timestamptz;
      comment on column billing_state.settled_through is 'what ends by then was recomputed without a difference; null: nothing was';
      comment on column billing_state.settled_facts is 'how many facts of each subscription were known to that';
      comment on column billing_state.usage_needed_from is 'bills ask for no usage before it as long as nothing comes late; null: for none at all'`);
    await runner.query('drop index concurrently if exists invoice_line_by_end');
    await runner.query(`create index concurrently invoice_line_by_end on invoice_line (account_id, subscription, (
      case when kind = 'one_time' then 'infinity'::timestamptz else greatest(period_end, service_end) end))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index invoice_line_by_end;
      alter table billing_state drop column settled_through, drop column settled_facts, drop column usage_needed_from`);
  }
}
