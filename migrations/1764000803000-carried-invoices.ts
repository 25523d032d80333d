import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A payment may collect smaller invoices with its own, which the provider would not charge by themselves. */
export class CarriedInvoices1764000803000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table payment add column carried jsonb not null default '[]'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table payment drop column carried');
  }
}
