import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A seller numbers its documents under prefixes of its own, also by calendar year; an account names its seller, its terms and its grace. */
export class SellerSeries1764000750000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table number_series
        add column seller text constraint number_series_seller_fk references seller (key),
        add column documents text constraint number_series_documents check (documents in ('invoice', 'credit_note'));
      update number_series n set seller = s.key, documents = 'invoice' from seller s where s.series = n.key;
      update number_series n set seller = s.key, documents = 'credit_note' from seller s where s.credit_note_series = n.key;
      create unique index number_series_prefix on number_series (prefix);
      comment on column number_series.prefix is 'what its numbers begin with, the year included';

      alter table seller add column time_zone text not null default 'UTC', add column invoice_prefix text, add column credit_note_prefix text;
      update seller s set invoice_prefix = i.prefix, credit_note_prefix = c.prefix from number_series i, number_series c
        where i.key = s.series and c.key = s.credit_note_series;
      alter table seller alter column invoice_prefix set not null, alter column credit_note_prefix set not null,
        drop column series, drop column credit_note_series;

      alter table account add column seller text, add column payment_terms_days integer, add column usage_grace jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table account drop column seller, drop column payment_terms_days, drop column usage_grace;
      insert into number_series (key, prefix, seller, documents)
        select p.prefix, p.prefix, s.key, p.documents
        from seller s cross join lateral (values (s.invoice_prefix, 'invoice'), (s.credit_note_prefix, 'credit_note')) p (prefix, documents)
        where not exists (select from number_series n where n.seller = s.key and n.documents = p.documents);
      alter table seller add column series text constraint seller_series_fk references number_series (key),
        add column credit_note_series text constraint seller_credit_note_series_fk references number_series (key);
      update seller s set
        series = (select n.key from number_series n where n.seller = s.key and n.documents = 'invoice' order by n.key limit 1),
        credit_note_series = (select n.key from number_series n where n.seller = s.key and n.documents = 'credit_note' order by n.key limit 1);
      alter table seller alter column series set not null, alter column credit_note_series set not null,
        drop column time_zone, drop column invoice_prefix, drop column credit_note_prefix;
      drop index number_series_prefix;
      alter table number_series drop column seller, drop column documents`);
  }
}
