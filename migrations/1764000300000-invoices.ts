import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The ledger; sellers and number series; invoices, their lines and settlement; balances; the state of billing. */
export class Invoices1764000300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LEDGER);
    await runner.query(SELLERS);
    await runner.query(INVOICES);
    await runner.query(BILLING);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table bill_run, billing_state, balance_entry, invoice_settlement, invoice_line, invoice_number, invoice, seller, number_series, posting, journal_entry;
      drop function refuse_unbalanced_entry()`);
  }
}

const LEDGER = `
  create table journal_entry (
    account_id uuid not null,
    id text not null,
    at timestamptz not null,
    cause_kind text not null,
    cause_id text not null,
    purpose text not null,
    currency text not null,
    constraint journal_entry_pk primary key (account_id, id),
    constraint journal_entry_once unique (account_id, cause_kind, cause_id, purpose));
  create index journal_entry_by_time on journal_entry (at, id);
  create trigger journal_entry_is_final before update or delete on journal_entry for each row execute function refuse_change();

  create table posting (
    account_id uuid not null,
    entry_id text not null,
    n integer not null,
    ledger_account text not null,
    amount_minor bigint not null,
    constraint posting_pk primary key (account_id, entry_id, n),
    constraint posting_of_something check (amount_minor <> 0));
  create trigger posting_is_final before update or delete on posting for each row execute function refuse_change();

  create function refuse_unbalanced_entry() returns trigger language plpgsql as $$
  declare difference numeric;
  begin
    select sum(amount_minor) into difference from posting where account_id = new.account_id and entry_id = new.entry_id;
    if difference <> 0 then
      raise exception 'the postings of entry % are % apart', new.entry_id, difference using errcode = 'check_violation';
    end if;
    return null;
  end $$;
  create constraint trigger posting_sums_to_zero after insert on posting deferrable initially deferred
    for each row execute function refuse_unbalanced_entry()`;

const SELLERS = `
  create table number_series (
    key text not null constraint number_series_pk primary key,
    prefix text not null,
    next bigint not null default 1,
    last_issued_at timestamptz);

  create table seller (
    key text not null constraint seller_pk primary key,
    name text not null,
    address jsonb,
    tax_ids jsonb not null default '[]',
    bank_details text,
    series text not null constraint seller_series_fk references number_series (key),
    is_default boolean not null default false,
    payment_terms_days integer not null default 0,
    revision integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null);
  create unique index seller_default on seller (is_default) where is_default;
  insert into number_series (key, prefix) values ('default', 'INV-');
  insert into seller (key, name, series, is_default, created_at, updated_at) values ('default', 'Wharfage', 'default', true, now(), now())`;

const INVOICES = `
  create table invoice (
    account_id uuid not null,
    id text not null,
    series text not null,
    n bigint not null,
    number text not null,
    currency text not null,
    as_of timestamptz not null,
    issued_at timestamptz not null,
    due_at timestamptz not null,
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
    constraint invoice_pk primary key (account_id, id),
    constraint invoice_adds_up check (total_minor = applied_minor + due_minor - credited_minor),
    constraint invoice_parts_not_negative check (applied_minor >= 0 and due_minor >= 0 and credited_minor >= 0));
  create index invoice_newest on invoice (issued_at desc, id desc);
  create index invoice_by_number on invoice (number);
  create trigger invoice_is_final before update or delete on invoice for each row execute function refuse_change();

  create table invoice_number (
    series text not null,
    n bigint not null,
    account_id uuid not null,
    invoice_id text not null,
    constraint invoice_number_pk primary key (series, n));
  create trigger invoice_number_is_final before update or delete on invoice_number for each row execute function refuse_change();

  create table invoice_line (
    account_id uuid not null,
    id text not null,
    billed_seq bigint generated always as identity,
    invoice_id text not null,
    n integer not null,
    slot text not null,
    slot_hash uuid not null,
    slot_seq integer not null,
    due_at timestamptz not null,
    kind text not null,
    subscription text not null,
    plan text not null,
    plan_version integer not null,
    price text,
    description text not null,
    quantity text not null,
    unit_price text,
    amount_minor bigint not null,
    service_start timestamptz not null,
    service_end timestamptz not null,
    period_key text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    period_ordinal integer not null,
    proration boolean not null,
    adjusts text,
    groups jsonb,
    breakdown jsonb not null,
    discounts jsonb not null,
    taxes jsonb not null,
    constraint invoice_line_pk primary key (account_id, id),
    constraint invoice_line_billed_once unique (account_id, slot_hash, slot_seq));
  create index invoice_line_by_invoice on invoice_line (account_id, invoice_id, n);
  create trigger invoice_line_is_final before update or delete on invoice_line for each row execute function refuse_change();

  create table invoice_settlement (
    account_id uuid not null,
    invoice_id text not null,
    due_minor bigint not null,
    paid_minor bigint not null default 0,
    paid_at timestamptz,
    constraint invoice_settlement_pk primary key (account_id, invoice_id),
    constraint invoice_settlement_never_over check (paid_minor >= 0 and paid_minor <= due_minor));

  create table balance_entry (
    account_id uuid not null,
    id text not null,
    at timestamptz not null,
    amount_minor bigint not null,
    cause_kind text not null,
    cause_id text not null,
    constraint balance_entry_pk primary key (account_id, id),
    constraint balance_entry_once unique (account_id, cause_kind, cause_id));
  create trigger balance_entry_is_final before update or delete on balance_entry for each row execute function refuse_change()`;

const BILLING = `
  create table billing_state (
    account_id uuid not null constraint billing_state_pk primary key,
    next_due timestamptz,
    parked jsonb);
  create index billing_state_due on billing_state (next_due, account_id) where parked is null;
  create index billing_state_parked on billing_state (account_id) where parked is not null;

  create table bill_run (
    id text not null constraint bill_run_pk primary key,
    as_of timestamptz not null,
    dry_run boolean not null,
    status text not null constraint bill_run_status check (status in ('queued', 'running', 'finished')),
    requested_at timestamptz not null,
    finished_at timestamptz,
    accounts integer not null default 0,
    invoices integer not null default 0,
    parked integer not null default 0,
    totals jsonb not null default '{}')`;
