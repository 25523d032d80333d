import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an invoice was issued with can be told from what it says later. */
export class InvoiceSeal1764000740000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function invoice_seal(taxes jsonb, snapshot jsonb) returns text immutable language sql as
        $$ select encode(sha256(convert_to(taxes::text || snapshot::text, 'UTF8')), 'hex') $$;
      alter table invoice add column seal text;
      alter table invoice disable trigger invoice_is_final;
      update invoice set seal = invoice_seal(taxes, snapshot);
      alter table invoice enable trigger invoice_is_final;
      alter table invoice alter column seal set not null;
      comment on column invoice.seal is 'SHA-256 of taxes and snapshot as they were when it was issued'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table invoice drop column seal; drop function invoice_seal');
  }
}
