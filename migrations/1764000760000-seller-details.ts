import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What invoices and e-invoices say of a seller beyond its name and address. */
export class SellerDetails1764000760000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table seller
        add column registration_number text, add column email text, add column iban text, add column bic text, add column payment_terms text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table seller
        drop column registration_number, drop column email, drop column iban, drop column bic, drop column payment_terms`);
  }
}
