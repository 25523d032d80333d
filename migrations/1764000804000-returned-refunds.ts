import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A refund that went out may come back: the bank of the customer does not take it. */
export class ReturnedRefunds1764000804000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table refund add column returned_at timestamptz;
      alter table refund add constraint refund_returned_has_failed check (returned_at is null or state = 'failed')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table refund drop column returned_at');
  }
}
