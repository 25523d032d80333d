import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What becomes of finalized invoices: credit notes in a series of their own, void and uncollectible ones, and to whom they were sent.
 * The invoice itself stays as it was issued: its settlement tells the rest. The new constraints of that filled table are not checked
 * for rows of before, which meet them by the old one: so it is not read under a lock.
 */
export class CreditNotes1764000650000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SERIES);
    await runner.query(NOTES);
    await runner.query(SETTLEMENT);
    await runner.query(SENDINGS);
    for (const table of GROWING) {
      await runner.query(`
        create trigger ${table}_is_final before update or delete on ${table} for each row execute function refuse_change();
        create trigger ${table}_stays before truncate on ${table} for each statement execute function refuse_change()`);
    }
    await runner.query('alter table refund add column credit_note_id text');
    await runner.query('alter table payment add column recovered_minor bigint not null default 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table payment drop column recovered_minor;
      alter table refund drop column credit_note_id;
      drop table invoice_sending;
      drop trigger invoice_settlement_stays on invoice_settlement;
      drop trigger invoice_settlement_goes_forward on invoice_settlement;
      drop function refuse_settlement_change();
      alter table invoice_settlement drop column credited_minor, drop column released_minor, drop column written_off_minor, drop column closed, drop column closed_at, drop column waived;
      drop table credit_note_line, credit_note_number, credit_note;
      drop function refuse_line_of_issued_credit_note();
      alter table seller drop column credit_note_series;
      delete from number_series where key like '%:credit-notes'`);
  }
}

const GROWING = ['credit_note', 'credit_note_line', 'credit_note_number', 'invoice_sending'];

const SERIES = `
  insert into number_series (key, prefix) select distinct series || ':credit-notes', 'CN-' from seller;
  alter table seller add column credit_note_series text constraint seller_credit_note_series_fk references number_series (key);
  update seller set credit_note_series = series || ':credit-notes';
  alter table seller alter column credit_note_series set not null`;

/** Of two that claim the same position among the credit notes of an invoice only one gets it. Lines are stored before their note is. */
const NOTES = `
  create table credit_note (
    account_id uuid not null,
    id text not null,
    series text not null,
    n bigint not null,
    number text not null,
    invoice_id text not null,
    invoice_seq integer not null,
    currency text not null,
    issued_at timestamptz not null,
    reason text not null,
    settle text not null constraint credit_note_settle check (settle in ('refund', 'balance', 'none')),
    subtotal_minor bigint not null,
    tax_minor bigint not null,
    total_minor bigint not null,
    reduced_minor bigint not null,
    recovered_minor bigint not null,
    covered_minor bigint not null,
    balance_minor bigint not null,
    refund_minor bigint not null,
    taxes jsonb not null,
    snapshot jsonb not null,
    seal text not null,
    constraint credit_note_pk primary key (account_id, id),
    constraint credit_note_one_by_one unique (account_id, invoice_id, invoice_seq),
    constraint credit_note_of_something check (total_minor > 0),
    constraint credit_note_adds_up check (total_minor = reduced_minor + recovered_minor + covered_minor + balance_minor + refund_minor),
    constraint credit_note_parts_not_negative
      check (reduced_minor >= 0 and recovered_minor >= 0 and covered_minor >= 0 and balance_minor >= 0 and refund_minor >= 0));
  comment on column credit_note.seal is 'SHA-256 of taxes and snapshot as they were when it was issued';
  create index credit_note_newest on credit_note (issued_at desc, id desc);
  create index credit_note_by_number on credit_note (number);

  create table credit_note_number (
    series text not null,
    n bigint not null,
    account_id uuid not null,
    credit_note_id text not null,
    constraint credit_note_number_pk primary key (series, n));

  create table credit_note_line (
    account_id uuid not null,
    credit_note_id text not null,
    n integer not null,
    line_id text not null,
    description text not null,
    amount_minor bigint not null,
    revenue_minor bigint not null,
    constraint credit_note_line_pk primary key (account_id, credit_note_id, n),
    constraint credit_note_line_of_something check (amount_minor > 0));
  create index credit_note_line_by_line on credit_note_line (account_id, line_id);

  create function refuse_line_of_issued_credit_note() returns trigger language plpgsql as $$
  declare issued text;
  begin
    select f.credit_note_id into issued from fresh f
      where exists (select 1 from credit_note c where c.account_id = f.account_id and c.id = f.credit_note_id) limit 1;
    if issued is not null then
      raise exception 'credit note % was issued: no line is added to it', issued using errcode = 'restrict_violation';
    end if;
    return null;
  end $$;
  create trigger credit_note_line_is_new after insert on credit_note_line referencing new table as fresh
    for each statement execute function refuse_line_of_issued_credit_note()`;

/** What was settled stays settled, and what is void stays void; what was written off may still come in. */
const SETTLEMENT = `
  alter table invoice_settlement
    add column credited_minor bigint not null default 0,
    add column released_minor bigint not null default 0,
    add column written_off_minor bigint not null default 0,
    add column closed text,
    add column closed_at timestamptz,
    add column waived boolean not null default false;
  alter table invoice_settlement
    add constraint invoice_settlement_adds_up
      check (credited_minor >= 0 and released_minor >= 0 and paid_minor + credited_minor + released_minor <= due_minor) not valid,
    add constraint invoice_settlement_closed check (case closed
      when 'void' then paid_minor = 0 and credited_minor = 0 and released_minor = due_minor and written_off_minor = 0 and closed_at is not null
      when 'uncollectible' then released_minor > 0 and released_minor <= written_off_minor and closed_at is not null and not waived
      else closed is null and released_minor = 0 and not waived and (closed_at is not null) = (written_off_minor > 0) end) not valid;
  comment on column invoice_settlement.released_minor is 'not asked for any more: of a void invoice all, of one that was written off what has not come in since';
  create function refuse_settlement_change() returns trigger language plpgsql as $$
  begin
    if tg_op = 'DELETE' or old.closed = 'void' or new.account_id <> old.account_id or new.invoice_id <> old.invoice_id
      or new.due_minor <> old.due_minor or new.paid_minor < old.paid_minor or new.credited_minor < old.credited_minor
      or old.written_off_minor > 0 and new.written_off_minor <> old.written_off_minor then
      raise exception '% of the settlement of % is refused: what was settled stays settled', tg_op, old.invoice_id using errcode = 'restrict_violation';
    end if;
    return new;
  end $$;
  create trigger invoice_settlement_goes_forward before update or delete on invoice_settlement
    for each row execute function refuse_settlement_change();
  create trigger invoice_settlement_stays before truncate on invoice_settlement for each statement execute function refuse_change()`;

const SENDINGS = `
  create table invoice_sending (
    account_id uuid not null,
    id text not null,
    invoice_id text not null,
    recipient text not null,
    at timestamptz not null,
    constraint invoice_sending_pk primary key (account_id, id));
  create index invoice_sending_by_invoice on invoice_sending (account_id, invoice_id, at)`;
