import type { MigrationInterface, QueryRunner } from 'typeorm';

const days = (count: number): object => ({ unit: 'day', count });

/** What there is before anybody has said anything: retries and mails, and nothing is taken from anybody at the end. */
const STANDARD = {
  soft: { retryAfter: [days(3), days(5), days(7)], endAfter: days(7) },
  hard: { endAfter: days(14) },
  newMethodNeeded: { endAfter: days(14) },
  authentication: { endAfter: days(7) },
  endsWithin: days(60),
  retryLimits: [{ attempts: 15, within: days(30) }],
  mails: [
    { on: 'first_failure', template: 'payment_failed' },
    { on: 'later_failure', template: 'payment_failed' },
    { on: 'authentication_required', template: 'authentication_required' },
    { on: 'before_end', template: 'final_notice', before: days(3) },
    { on: 'recovered', template: 'recovered' },
  ],
  atEnd: { subscriptions: 'leave', invoice: 'leave' },
};

/** Dunning policies, which account names which, and the cases of invoices that could not be collected. */
export class Dunning1764000800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table dunning_policy (
        key text not null constraint dunning_policy_pk primary key,
        name text not null,
        is_default boolean not null default false,
        newest_version integer not null,
        revision integer not null default 1,
        created_at timestamptz not null,
        updated_at timestamptz not null);
      create unique index dunning_policy_one_default on dunning_policy (is_default) where is_default;

      create table dunning_policy_version (
        policy text not null constraint dunning_policy_version_policy_fk references dunning_policy (key),
        version integer not null,
        rules jsonb not null,
        created_at timestamptz not null,
        constraint dunning_policy_version_pk primary key (policy, version));
      create trigger dunning_policy_version_is_final before update or delete on dunning_policy_version for each row execute function refuse_change();
      create trigger dunning_policy_version_stays before truncate on dunning_policy_version for each statement execute function refuse_change();

      alter table account add column dunning_policy text;

      create table dunning_case (
        account_id uuid not null,
        id text not null,
        invoice_id text not null,
        policy text not null,
        policy_version integer not null,
        state text not null constraint dunning_case_state check (state in ('open', 'ending', 'ended', 'recovered', 'closed')),
        next_step text constraint dunning_case_step check (next_step in ('wait', 'retry', 'notice', 'end', 'finish')),
        due_at timestamptz,
        noticed_end timestamptz,
        done jsonb not null default '[]',
        opened_at timestamptz not null,
        closed_at timestamptz,
        constraint dunning_case_pk primary key (account_id, id),
        constraint dunning_case_once unique (account_id, invoice_id),
        constraint dunning_case_goes_on check ((state not in ('open', 'ending')) or due_at is not null),
        constraint dunning_case_is_over check ((state in ('recovered', 'closed')) = (closed_at is not null)));
      create index dunning_case_due on dunning_case (due_at, id) where due_at is not null;
      create index dunning_case_newest on dunning_case (opened_at desc, id desc)`);
    await runner.query(
      `insert into dunning_policy (key, name, is_default, newest_version, created_at, updated_at) values ('standard', 'Standard', true, 1, now(), now())`,
    );
    await runner.query(`insert into dunning_policy_version (policy, version, rules, created_at) values ('standard', 1, $1, now())`, [
      JSON.stringify(STANDARD),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table dunning_case, dunning_policy_version, dunning_policy;
      alter table account drop column dunning_policy`);
  }
}
