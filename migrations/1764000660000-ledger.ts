import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How lines become revenue, months that are closed, a chain of hashes over the journal. Entries say in whose books they stand, when what they
 * record happened, and which invoice's receivable they move. What was issued before is recognized as it was posted.
 */
export class Ledger1764000660000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(JOURNAL);
    await runner.query(CHAIN);
    await runner.query(PERIODS);
    await runner.query(REVENUE);
    await runner.query(GATE);
    await runner.query(ISSUED_BEFORE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger journal_entry_is_kept on journal_entry;
      drop table revenue_line, revenue_progress, accounting_period, journal_unsealed, journal_seal, journal_chain;
      drop function keep_entries(), not_before_recognition();
      alter table journal_entry drop column invoice_id, drop column event_at, drop column seller`);
  }
}

/** Constant defaults: no row is rewritten. */
const JOURNAL = `
  alter table journal_entry
    add column seller text not null default 'default',
    add column event_at timestamptz,
    add column invoice_id text;
  comment on column journal_entry.event_at is 'when it happened, where it counts from a later instant because its month was closed';
  alter table journal_entry disable trigger journal_entry_is_final;
  update journal_entry e set invoice_id = e.cause_id where e.cause_kind = 'invoice';
  update journal_entry e set invoice_id = p.invoice_id from payment p
    where e.cause_kind = 'payment' and p.account_id = e.account_id and p.id = e.cause_id;
  alter table journal_entry enable trigger journal_entry_is_final`;

const CHAIN = `
  create table journal_unsealed (
    account_id uuid not null,
    entry_id text not null,
    position bigint generated always as identity,
    constraint journal_unsealed_pk primary key (account_id, entry_id));
  create index journal_unsealed_in_order on journal_unsealed (position);
  insert into journal_unsealed (account_id, entry_id) select account_id, id from journal_entry order by at, id;

  create table journal_seal (
    seq bigint not null constraint journal_seal_pk primary key,
    account_id uuid not null,
    entry_id text not null,
    hash text not null);
  create unique index journal_seal_once on journal_seal (account_id, entry_id);
  create trigger journal_seal_is_final before update or delete on journal_seal for each row execute function refuse_change();
  create trigger journal_seal_stays before truncate on journal_seal for each statement execute function refuse_change();

  create table journal_chain (
    id boolean not null default true constraint journal_chain_pk primary key constraint journal_chain_is_one check (id),
    entries bigint not null default 0,
    hash text not null,
    sealed_at timestamptz);
  insert into journal_chain (hash) values (repeat('0', 64))`;

const PERIODS = `
  create table accounting_period (
    seller text not null,
    month text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null constraint accounting_period_status check (status in ('closed', 'open')),
    changed_at timestamptz not null,
    reason text,
    entries bigint,
    chain_entries bigint,
    chain_hash text,
    constraint accounting_period_pk primary key (seller, month))`;

/**
 * `from_day` and `last_day` bound the days on which something is recognized. A line that is billed while its day is being recognized, or later, is
 * made up for on the next one.
 */
const REVENUE = `
  create table revenue_progress (
    id boolean not null default true constraint revenue_progress_pk primary key constraint revenue_progress_is_one check (id),
    recognized_through integer,
    posted_through integer,
    constraint revenue_progress_in_order check (posted_through <= recognized_through));
  insert into revenue_progress default values;

  create table revenue_line (
    account_id uuid not null,
    line_id text not null,
    invoice_id text not null,
    seller text not null,
    currency text not null,
    method text not null constraint revenue_line_method check (method in ('at_once', 'at_service_end', 'daily')),
    amount_minor bigint not null,
    issued_at timestamptz not null,
    issue_day integer not null,
    first_day integer not null,
    days integer not null constraint revenue_line_days check (days > 0),
    from_day integer not null generated always as (greatest(issue_day, first_day)) stored,
    last_day integer not null generated always as (greatest(issue_day, first_day + days - 1)) stored,
    constraint revenue_line_pk primary key (account_id, line_id));
  create index revenue_line_deferred on revenue_line (last_day) where method = 'daily';
  create trigger revenue_line_is_final before update or delete on revenue_line for each row execute function refuse_change();
  create trigger revenue_line_stays before truncate on revenue_line for each statement execute function refuse_change();

  create function not_before_recognition() returns trigger language plpgsql as $$
  declare through integer;
  begin
    perform pg_advisory_xact_lock_shared(727066);
    select recognized_through into through from revenue_progress;
    new.issue_day := greatest(new.issue_day, through + 1);
    return new;
  end $$;
  create trigger revenue_line_waits before insert on revenue_line for each row when (new.method = 'daily') execute function not_before_recognition()`;

/**
 * Every entry waits to be sealed, and none is posted into a closed month. Who closes a month holds the lock alone, so that no entry is on its way
 * meanwhile; one that was to be posted before is refused as if it had been too slow: posted anew, it falls into the open month.
 */
const GATE = `
  create function keep_entries() returns trigger language plpgsql as $$
  declare late record;
  begin
    perform pg_advisory_xact_lock_shared(727066);
    select f.id, p.month into late from fresh f join accounting_period p on p.seller = f.seller and p.status = 'closed' and f.at < p.ends_at
      order by p.month desc limit 1;
    if found then
      raise exception 'entry % lies in or before %, which is closed', late.id, late.month using errcode = 'serialization_failure';
    end if;
    insert into journal_unsealed (account_id, entry_id) select f.account_id, f.id from fresh f order by f.at, f.id;
    return null;
  end $$;
  create trigger journal_entry_is_kept after insert on journal_entry referencing new table as fresh
    for each statement execute function keep_entries()`;

/**
 * Lines issued before: what was posted to deferred revenue is spread, all else was revenue at once. Net of discounts and included taxes; what
 * rounding leaves of an invoice goes to its largest line.
 */
const ISSUED_BEFORE = `
  insert into revenue_line (account_id, line_id, invoice_id, seller, currency, method, amount_minor, issued_at, issue_day, first_day, days)
  with line as (
    select l.account_id, l.id, l.invoice_id, i.currency, i.issued_at, i.total_minor - i.tax_minor as net_minor,
      l.kind = 'recurring' and l.due_at <= l.service_start as deferred,
      round((l.amount_minor - (select coalesce(sum((d ->> 'amountMinor')::bigint), 0) from jsonb_array_elements(l.discounts) d))
        / (1 + (select coalesce(sum((t ->> 'rate')::numeric), 0) from jsonb_array_elements(l.taxes) t where (t ->> 'inclusive')::boolean))) as amount,
      (i.issued_at at time zone 'UTC')::date - date '1970-01-01' as issue_day,
      (l.service_start at time zone z.name)::date - date '1970-01-01' as first_day,
      (l.service_end at time zone z.name)::date - (l.service_start at time zone z.name)::date as days
    from invoice_line l join invoice i on i.account_id = l.account_id and i.id = l.invoice_id
    cross join lateral (select coalesce(i.snapshot -> 'buyer' ->> 'timeZone', 'UTC') as name) z),
  posted as (
    select e.account_id, e.cause_id as invoice_id, -sum(p.amount_minor) as deferred_minor
    from journal_entry e join posting p on p.account_id = e.account_id and p.entry_id = e.id
    where e.cause_kind = 'invoice' and p.ledger_account = 'deferred_revenue' group by 1, 2),
  wanted as (
    select l.*, case when deferred then coalesce(p.deferred_minor, 0) else net_minor - coalesce(p.deferred_minor, 0) end as total,
      sum(amount) over side as summed, row_number() over (partition by l.account_id, l.invoice_id, deferred order by abs(amount) desc, l.id) as rank
    from line l left join posted p on p.account_id = l.account_id and p.invoice_id = l.invoice_id
    window side as (partition by l.account_id, l.invoice_id, deferred))
  select account_id, id, invoice_id, 'default', currency, case when deferred then 'daily' else 'at_once' end,
    amount + case when rank = 1 then total - summed else 0 end, issued_at, issue_day,
    case when deferred then first_day else issue_day end, case when deferred then greatest(days, 1) else 1 end
  from wanted`;
