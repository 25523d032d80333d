import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Mails to accounts: queued with what they tell of, and what became of them. One that was sent, or never can be, stays as it is. */
export class Mails1764000801000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table mail (
        account_id uuid not null,
        id text not null,
        cause text not null,
        template text not null,
        invoice_id text,
        recipient text not null,
        subject text not null,
        body_text text not null,
        body_html text not null,
        message_id text not null,
        state text not null constraint mail_state check (state in ('queued', 'sent', 'failed')),
        tries integer not null default 0,
        failure text,
        created_at timestamptz not null,
        sent_at timestamptz,
        constraint mail_pk primary key (account_id, id),
        constraint mail_once unique (account_id, cause),
        constraint mail_is_sent check ((state = 'sent') = (sent_at is not null)));
      create index mail_queued on mail (created_at, id) where state = 'queued';
      create trigger mail_is_final before update on mail for each row when (old.state <> 'queued') execute function refuse_change();
      create trigger mail_remains before delete on mail for each row execute function refuse_change();
      create trigger mail_stays before truncate on mail for each statement execute function refuse_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table mail');
  }
}
