import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Closes what triggers left open: tables that only grow are not emptied, an invoice that was issued gets no line, an entry that was made no
 * posting, an event keeps its identity. And whether an account was billed is no longer noted on it: its invoices say so.
 */
export class Guards1764000520000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table account drop column billed');
    for (const table of GROWING)
      await runner.query(`create trigger ${table}_stays before truncate on ${table} for each statement execute function refuse_change()`);
    await runner.query(
      'create trigger event_identity_is_final before update or delete on event_identity for each row execute function refuse_change()',
    );
    await runner.query(LINES);
    await runner.query(POSTINGS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger posting_is_whole on posting;
      drop function refuse_partial_entry();
      create constraint trigger posting_sums_to_zero after insert on posting deferrable initially deferred
        for each row execute function refuse_unbalanced_entry();
      drop trigger invoice_line_is_new on invoice_line;
      drop function refuse_line_of_issued_invoice();
      drop trigger event_identity_is_final on event_identity`);
    for (const table of GROWING) await runner.query(`drop trigger ${table}_stays on ${table}`);
    await runner.query(`
      alter table account add column billed boolean not null default false;
      update account a set billed = true where exists (select 1 from invoice i where i.account_id = a.id)`);
  }
}

/** An outbox may be cleared of what is old, row by row. */
const GROWING = [
  'audit_entry',
  'balance_entry',
  'event_identity',
  'invoice',
  'invoice_line',
  'invoice_number',
  'journal_entry',
  'outbox_event',
  'posting',
];

/** Lines are stored before their invoice is, so none is ever added to one that is there. One look-up for each line, over invoice_pk. */
const LINES = `
  create function refuse_line_of_issued_invoice() returns trigger language plpgsql as $$
  declare issued text;
  begin
    select f.invoice_id into issued from fresh f
      where exists (select 1 from invoice i where i.account_id = f.account_id and i.id = f.invoice_id) limit 1;
    if issued is not null then
      raise exception 'invoice % was issued: no line is added to it', issued using errcode = 'restrict_violation';
    end if;
    return null;
  end $$;
  create trigger invoice_line_is_new after insert on invoice_line referencing new table as fresh
    for each statement execute function refuse_line_of_issued_invoice()`;

/**
 * The postings of an entry are stored by one statement: they sum to zero, and there are no others. Takes the place of a check at the end
 * of the transaction for each posting. One look-up for each entry, over posting_pk.
 */
const POSTINGS = `
  drop trigger posting_sums_to_zero on posting;
  create function refuse_partial_entry() returns trigger language plpgsql as $$
  declare offending record;
  begin
    select f.entry_id, f.difference into offending
      from (select account_id, entry_id, count(*) as n, sum(amount_minor) as difference from fresh group by account_id, entry_id) f
      where f.difference <> 0
        or not exists (select 1 from journal_entry e where e.account_id = f.account_id and e.id = f.entry_id)
        or f.n <> (select count(*) from posting p where p.account_id = f.account_id and p.entry_id = f.entry_id) limit 1;
    if found and offending.difference <> 0 then
      raise exception 'the postings of entry % are % apart', offending.entry_id, offending.difference using errcode = 'check_violation';
    elsif found then
      raise exception 'entry % is not new: all its postings are made with it', offending.entry_id using errcode = 'restrict_violation';
    end if;
    return null;
  end $$;
  create trigger posting_is_whole after insert on posting referencing new table as fresh
    for each statement execute function refuse_partial_entry()`;
