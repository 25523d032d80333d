import { Checks } from '../../src/common/checks.js';
import { Database } from '../../src/common/database/database.js';
import { Recognition } from '../../src/ledger/recognition.js';
import { Sealing } from '../../src/ledger/sealing.js';
import type { TestApp } from './app.js';

/** What must hold after every story, whatever it was about. */
export async function afterStory(wharfage: TestApp): Promise<void> {
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  const before = await invoicesStored(wharfage);
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: now })).toMatchObject({ status: 'finished', invoices: 0, parked: 0 });
  expect(await invoicesStored(wharfage)).toEqual(before);
  await ledgerBalances(wharfage);
  expect(await differences(wharfage, ['usage', 'invoices', 'ledger'])).toEqual([]);
  await numbersHaveNoGap(wharfage);
  await grantsAddUp(wharfage);
}

/** Each invoice, with its lines and how it is settled, as one text to compare. */
const invoicesStored = (wharfage: TestApp): Promise<unknown[]> =>
  wharfage.source.query(
    `select i.id, md5(concat(i, s, (select string_agg(l::text, ',' order by l.n) from invoice_line l where l.account_id = i.account_id and l.invoice_id = i.id))) as content
     from invoice i join invoice_settlement s on s.account_id = i.account_id and s.invoice_id = i.id order by i.id`,
  );

/** What `wharfage verify` would print: check, subject and detail. */
export async function differences(wharfage: TestApp, groups: readonly string[] = ['ledger']): Promise<string[]> {
  await wharfage.app.get(Recognition).runDue();
  await wharfage.app.get(Sealing).run();
  return wharfage.app.get(Database).snapshot(async (tx) => {
    const found: string[] = [];
    for (const check of wharfage.app.get(Checks).of(groups, {}))
      for await (const { subject, detail } of await check.run(tx, {})) found.push(`${check.name}: ${subject}: ${detail}`);
    return found;
  });
}

/** Debits are credits, in every currency and in every entry. */
export async function ledgerBalances(wharfage: TestApp): Promise<void> {
  const off: unknown[] = await wharfage.source.query(
    `select e.id from journal_entry e left join posting p on p.account_id = e.account_id and p.entry_id = e.id
     group by e.id having coalesce(sum(p.amount_minor), 0) <> 0 or count(p.n) < 2`,
  );
  expect(off).toEqual([]);
}

/** Each series counts 1, 2, 3 ... and every number is an invoice's, or a credit note's. */
export async function numbersHaveNoGap(wharfage: TestApp): Promise<void> {
  for (const document of ['invoice', 'credit_note']) {
    const rows: { n: bigint; place: bigint; number: string | null }[] = await wharfage.source.query(
      `select s.n, row_number() over (partition by s.series order by s.n) as place, d.number from ${document}_number s left join ${document} d on d.account_id = s.account_id and d.id = s.${document}_id order by s.series, s.n`,
    );
    expect(rows.map(({ n }) => n)).toEqual(rows.map(({ place }) => place));
    expect(rows.every((row) => row.number !== null)).toBe(true);
  }
}

/** What each grant paid, lost and has left is what was granted; what invoices say that grants paid is what grants say. */
export async function grantsAddUp(wharfage: TestApp): Promise<void> {
  const off: unknown[] = await wharfage.source.query(
    `select g.id from credit_grant g left join grant_entry e on e.account_id = g.account_id and e.grant_id = g.id
     group by g.account_id, g.id, g.amount_minor, g.remaining_minor
     having g.remaining_minor < 0 or g.amount_minor + coalesce(sum(e.amount_minor), 0) <> g.remaining_minor
     union all
     select e.id from grant_entry e join credit_grant g on g.account_id = e.account_id and g.id = e.grant_id
     where e.kind = 'applied' and (e.at < g.created_at or e.at >= g.expires_at)
     union all
     select i.id from invoice i
     left join (select account_id, invoice_id, -sum(amount_minor) as paid from grant_entry where kind = 'applied' group by 1, 2) e
       on e.account_id = i.account_id and e.invoice_id = i.id
     left join balance_entry b on b.account_id = i.account_id and b.cause_kind = 'invoice' and b.cause_id = i.id
     where i.applied_minor <> coalesce(e.paid, 0) - least(coalesce(b.amount_minor, 0), 0)`,
  );
  expect(off).toEqual([]);
}
