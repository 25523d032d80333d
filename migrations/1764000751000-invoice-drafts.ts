import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Drafts stand beside the invoices, so that no row of an invoice ever changes. A line may be added by hand: no subscription is charged. */
export class InvoiceDrafts1764000751000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table invoice add column type text not null default 'subscription'
        constraint invoice_type check (type in ('subscription', 'one_off'));
      comment on column invoice.type is 'one_off: what a person charged; it says nothing of what had fallen due';
      alter table invoice_line alter column subscription drop not null, alter column plan drop not null, alter column plan_version drop not null,
        add constraint invoice_line_of_subscription check ((subscription is null) = (plan is null) and (plan is null) = (plan_version is null));

      create table invoice_draft (
        account_id uuid not null,
        id text not null,
        type text not null constraint invoice_draft_type check (type in ('subscription', 'one_off')),
        currency text not null,
        as_of timestamptz not null,
        period_start timestamptz not null,
        period_end timestamptz not null,
        subtotal_minor bigint not null,
        discount_minor bigint not null,
        tax_minor bigint not null,
        total_minor bigint not null,
        applied_minor bigint not null,
        due_minor bigint not null,
        credited_minor bigint not null,
        taxes jsonb not null,
        snapshot jsonb not null,
        grants_applied jsonb not null,
        lines jsonb not null,
        manual_lines jsonb not null,
        held_until timestamptz,
        created_at timestamptz not null,
        constraint invoice_draft_pk primary key (account_id, id),
        constraint invoice_draft_held check ((held_until is null) = (type = 'one_off')));
      comment on table invoice_draft is 'what an invoice would say by now; it counts for nothing, and becomes the invoice of the same id';
      create unique index invoice_draft_of_subscriptions on invoice_draft (account_id) where type = 'subscription';
      create index invoice_draft_newest on invoice_draft (created_at desc, id desc)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table invoice_draft;
      alter table invoice_line drop constraint invoice_line_of_subscription;
      alter table invoice_line alter column subscription set not null, alter column plan set not null, alter column plan_version set not null;
      alter table invoice drop column type`);
  }
}
