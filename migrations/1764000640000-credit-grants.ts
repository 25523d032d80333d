import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Credit grants, and every movement of what is left of them. */
export class CreditGrants1764000640000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(GRANTS);
    await runner.query(ENTRIES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table grant_entry, credit_grant; drop function move_grants(), refuse_grant_change()');
  }
}

/** What a grant is never changes; what is left of it changes with its entries alone, and is never below zero. */
const GRANTS = `
  create table credit_grant (
    account_id uuid not null,
    id text not null,
    currency text not null,
    kind text not null constraint credit_grant_kind_is_known check (kind in ('paid', 'promotional')),
    priority integer not null constraint credit_grant_priority_is_known check (priority between 0 and 100),
    amount_minor bigint not null constraint credit_grant_of_something check (amount_minor > 0),
    remaining_minor bigint not null,
    expires_at timestamptz,
    description text,
    created_at timestamptz not null,
    constraint credit_grant_pk primary key (account_id, id),
    constraint credit_grant_remaining check (remaining_minor >= 0 and remaining_minor <= amount_minor));
  create index credit_grant_open on credit_grant (account_id, id) where remaining_minor > 0;
  create index credit_grant_expiring on credit_grant (expires_at, account_id, id) where remaining_minor > 0;

  create function refuse_grant_change() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' and new.remaining_minor = new.amount_minor then
      return new;
    elsif tg_op = 'UPDATE' and pg_trigger_depth() > 1 and to_jsonb(new) - 'remaining_minor' = to_jsonb(old) - 'remaining_minor' then
      return new;
    end if;
    raise exception '% of % is refused: what is left of a grant changes with its entries alone', tg_op, tg_table_name using errcode = 'restrict_violation';
  end $$;
  create trigger credit_grant_is_final before insert or update or delete on credit_grant for each row execute function refuse_grant_change();
  create trigger credit_grant_stays before truncate on credit_grant for each statement execute function refuse_change()`;

/** Two bills that apply one grant to one invoice meet on a unique key; one that applies it after its end, or beyond what is left, is refused. */
const ENTRIES = `
  create table grant_entry (
    account_id uuid not null,
    id text not null,
    grant_id text not null,
    at timestamptz not null,
    kind text not null constraint grant_entry_kind_is_known check (kind in ('applied', 'released', 'expired', 'voided')),
    amount_minor bigint not null,
    invoice_id text,
    reason text,
    constraint grant_entry_pk primary key (account_id, id),
    constraint grant_entry_of_grant foreign key (account_id, grant_id) references credit_grant (account_id, id),
    constraint grant_entry_sign check (amount_minor <> 0 and (amount_minor > 0) = (kind = 'released')),
    constraint grant_entry_names_invoice check ((invoice_id is not null) = (kind in ('applied', 'released'))));
  create unique index grant_entry_once on grant_entry (account_id, invoice_id, grant_id, kind) where invoice_id is not null;
  create index grant_entry_by_grant on grant_entry (account_id, grant_id, id);
  create trigger grant_entry_is_final before update or delete on grant_entry for each row execute function refuse_change();
  create trigger grant_entry_stays before truncate on grant_entry for each statement execute function refuse_change();

  create function move_grants() returns trigger language plpgsql as $$
  declare expired text;
  begin
    select g.id into expired from fresh f join credit_grant g on g.account_id = f.account_id and g.id = f.grant_id
      where f.kind = 'applied' and f.at >= g.expires_at limit 1;
    if expired is not null then
      raise exception 'grant % has expired: it is applied to nothing more', expired using errcode = 'check_violation';
    end if;
    update credit_grant g set remaining_minor = g.remaining_minor + f.amount_minor
      from (select account_id, grant_id, sum(amount_minor)::bigint as amount_minor from fresh group by account_id, grant_id) f
      where g.account_id = f.account_id and g.id = f.grant_id;
    return null;
  end $$;
  create trigger grant_entry_moves after insert on grant_entry referencing new table as fresh
    for each statement execute function move_grants()`;
