import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sandbox knows whose charges it made, so that a payment method can behave otherwise the next time. */
export class SandboxCustomers1764000802000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sandbox_operation add column customer text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sandbox_operation drop column customer');
  }
}
