import type { TestApp } from './app.js';

/** What must hold after every story, whatever it was about. */
export async function afterStory(wharfage: TestApp): Promise<void> {
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  const before = (await wharfage.ok('GET', '/v2/invoices?limit=200')).data;
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: now })).toMatchObject({ status: 'finished', invoices: 0, parked: 0 });
  expect((await wharfage.ok('GET', '/v2/invoices?limit=200')).data).toEqual(before);
  await ledgerBalances(wharfage);
  await receivableIsOpen(wharfage);
  await numbersHaveNoGap(wharfage);
}

/** What the ledger says that accounts owe is what is open on their invoices; what stands on their balances is what it owes them. */
export async function receivableIsOpen(wharfage: TestApp): Promise<void> {
  const ofLedger = (ledgerAccount: string) => `coalesce((select sum(p.amount_minor) from posting p
    where p.account_id = a.id and p.ledger_account = '${ledgerAccount}'), 0)::bigint`;
  const rows: Record<string, bigint>[] = await wharfage.source.query(
    `select ${ofLedger('accounts_receivable')} as receivable, ${ofLedger('customer_balance')} as liability,
       coalesce((select sum(s.due_minor - s.paid_minor - s.credited_minor - s.released_minor) from invoice_settlement s where s.account_id = a.id), 0)::bigint as open,
       coalesce((select sum(b.amount_minor) from balance_entry b where b.account_id = a.id), 0)::bigint as balance
     from account a`,
  );
  for (const row of rows) expect([row['receivable'], -(row['liability'] ?? 0n)]).toEqual([row['open'], row['balance']]);
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
    const rows: { n: bigint; number: string | null }[] = await wharfage.source.query(
      `select s.n, d.number from ${document}_number s left join ${document} d on d.account_id = s.account_id and d.id = s.${document}_id order by s.series, s.n`,
    );
    expect(rows.map((row) => Number(row.n))).toEqual(rows.map((_row, i) => i + 1));
    expect(rows.every((row) => row.number !== null)).toBe(true);
  }
}
