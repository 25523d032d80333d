import { createHash } from 'node:crypto';
import { TestApp } from '../support/app.js';
import { commandHere, type Ran } from '../support/command.js';
import { differences } from '../support/story.js';
import { tamperWith } from '../support/tamper.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/plans/flat', {
    name: 'Flat',
    product: 'flat',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' }],
  });
  for (const key of ['acme', 'bob']) {
    await wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', provider: 'manual' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'flat' });
  }
  const [{ number }] = (await wharfage.ok('GET', '/v2/invoices?account=acme')).data;
  const { id } = await wharfage.ok('POST', '/v2/payments', { invoice: number, amount: '31.00', method: 'wire' });
  await wharfage.ok('POST', `/v2/payments/${String(id)}/refunds`, { amount: '1.00', reason: 'goodwill' });
  await wharfage.travel('2026-01-04T00:00:00Z');
  expect(await differences(wharfage)).toEqual([]); // and all is sealed
}, 30_000);
afterEach(() => wharfage.close());

const tamper = (...statements: string[]): Promise<void> => tamperWith(wharfage, statements);

const entry = async (purpose: string): Promise<{ id: string; seq: bigint }> =>
  (
    await wharfage.source.query(
      `select e.id, s.seq from journal_entry e join journal_seal s on s.account_id = e.account_id and s.entry_id = e.id where e.purpose = $1 order by s.seq`,
      [purpose],
    )
  )[0];

test('one posting is changed', async () => {
  const { id, seq } = await entry('payment_received');
  await tamper(`update posting set amount_minor = amount_minor + 100 where entry_id = '${id}' and ledger_account = 'cash'`);
  const found = await differences(wharfage);
  expect(found).toContain(`entries balance: ${id}: 2 postings, 1.00 USD apart`);
  expect(found).toContain(`chain: ${id}: not what was sealed as number ${String(seq)}, or not in that place`);
  expect(found.some((line) => line.startsWith('payments: pay_') && line.includes('cash 32.00') && line.includes('should be'))).toBe(true);
  expect(found).toHaveLength(3);
});

test('an amount is moved from one account of the ledger to another, and still balances', async () => {
  const { id, seq } = await entry('invoice_issued');
  await tamper(`update posting set ledger_account = 'revenue' where entry_id = '${id}' and ledger_account = 'deferred_revenue'`);
  const found = await differences(wharfage);
  expect(found).toContain(`chain: ${id}: not what was sealed as number ${String(seq)}, or not in that place`);
  expect(found).toContain(
    'deferred revenue: default USD: deferred revenue is 25.00 in the ledger, but 56.00 is not recognized yet of the lines',
  );
  expect(found.filter((line) => line.startsWith('invoices: INV-000001'))).toHaveLength(1);
});

test('an entry is removed, with its postings', async () => {
  const { id, seq } = await entry('payment_refunded');
  await tamper(`delete from posting where entry_id = '${id}'`, `delete from journal_entry where id = '${id}'`);
  const found = await differences(wharfage);
  expect(found).toContain(`chain: ${id}: sealed as number ${String(seq)}, but gone`);
  expect(found.some((line) => line.startsWith('refunds: ref_') && line.includes('has no entry payment_refunded'))).toBe(true);
});

test('an entry is removed with its seal, and the next ones count on', async () => {
  const { id, seq } = await entry('payment_refunded');
  await tamper(
    `delete from posting where entry_id = '${id}'`,
    `delete from journal_entry where id = '${id}'`,
    `delete from journal_seal where entry_id = '${id}'`,
    `update journal_seal set seq = -seq where seq > ${String(seq)}`,
    `update journal_seal set seq = -seq - 1 where seq < 0`,
    'update journal_chain set entries = entries - 1',
  );
  const [next] = await wharfage.source.query('select entry_id from journal_seal where seq = $1', [seq.toString()]);
  expect(await differences(wharfage)).toContain(
    `chain: ${String(next.entry_id)}: not what was sealed as number ${String(seq)}, or not in that place`,
  );
});

test('two entries change places', async () => {
  const [a, b] = [await entry('invoice_issued'), await entry('payment_received')];
  const seal = (seq: bigint, id: string) =>
    `update journal_seal set (account_id, entry_id) = (select account_id, id from journal_entry where id = '${id}') where seq = ${String(seq)}`;
  const away = `update journal_seal set entry_id = 'away ' || entry_id where entry_id in ('${a.id}', '${b.id}')`;
  await tamper(away, seal(a.seq, b.id), seal(b.seq, a.id));
  expect(await differences(wharfage)).toEqual([
    `chain: ${b.id}: not what was sealed as number ${String(a.seq)}, or not in that place`,
    `chain: ${a.id}: not what was sealed as number ${String(b.seq)}, or not in that place`,
  ]);
});

test('the end of the chain is cut off', async () => {
  const { id, seq } = (await wharfage.source.query('select entry_id as id, seq from journal_seal order by seq desc limit 1'))[0] as {
    id: string;
    seq: bigint;
  };
  await tamper(
    `delete from posting where entry_id = '${id}'`,
    `delete from journal_entry where id = '${id}'`,
    `delete from journal_seal where entry_id = '${id}'`,
  );
  expect(await differences(wharfage)).toContain(`chain: chain: records ${String(seq)} entries, but ends with number ${String(seq - 1n)}`);
});

test('an entry is slipped in, and withheld from the chain', async () => {
  await tamper(
    `insert into journal_entry (account_id, id, at, cause_kind, cause_id, purpose, currency)
     select id, 'je_new', '2026-01-02T00:00:00Z', 'payment', 'pay_none', 'payment_received', 'USD' from account where key = 'acme'`,
    `insert into posting (account_id, entry_id, n, ledger_account, amount_minor)
     select id, 'je_new', n, a, m from account, (values (1, 'cash', 5), (2, 'accounts_receivable', -5)) as p(n, a, m) where key = 'acme'`,
  );
  expect(await differences(wharfage)).toEqual([
    'chain: je_new: neither sealed nor waiting for it',
    'receivables: accounts_receivable without an invoice: -0.05 USD in the ledger, but 0.00 left to collect',
    'payments: je_new: its cause pay_none is not there',
  ]);
});

test('the revenue of a line is changed', async () => {
  await tamper(
    `update revenue_line set amount_minor = amount_minor - 3100 where invoice_id in (select id from invoice where number = 'INV-000001')`,
  );
  const found = await differences(wharfage);
  expect(found.filter((line) => line.startsWith('invoices: INV-000001'))).toHaveLength(2); // its entry, and its line
  expect(found.filter((line) => line.startsWith('deferred revenue: default USD'))).toHaveLength(4); // the sum, and three days
});

test('a settlement, and a balance, are changed', async () => {
  await tamper(
    `update invoice_settlement set paid_minor = 100 where paid_minor = 0`,
    `insert into balance_entry (account_id, id, at, amount_minor, cause_kind, cause_id)
     select id, 'bal_x', '2026-01-02T00:00:00Z', 500, 'import', 'opening balance' from account where key = 'bob'`,
  );
  expect(await differences(wharfage)).toEqual([
    'receivables: INV-000002: 31.00 USD in the ledger, but 30.00 left to collect',
    'balances: bob: 0.00 USD in the ledger, but 5.00 on the balance',
    'opening balances: bob: has no entry balance_opened of import opening balance',
  ]);
});

test('something is slipped into a month after it was closed', async () => {
  await wharfage.travel('2026-02-01T00:00:00Z');
  await wharfage.ok('PUT', '/v2/accounting-periods/2026-01', { status: 'closed' });
  expect(await differences(wharfage)).toEqual([]);
  await tamper(`update journal_entry set at = at - interval '2 days' where purpose = 'invoice_issued' and at >= '2026-02-01T00:00:00Z'`);
  expect((await differences(wharfage)).filter((line) => line.startsWith('closed periods'))).toEqual([
    'closed periods: 2026-01 of default: closed with 35 entries, has 37',
  ]);
});

test('an entry that commits late is sealed late, and the chain goes on', async () => {
  const runner = wharfage.source.createQueryRunner();
  await runner.startTransaction();
  await runner.query(
    `with e as (insert into journal_entry (account_id, id, at, cause_kind, cause_id, purpose, currency)
       select id, 'je_slow', '2026-01-04T00:00:00Z', 'test', 'slow', 'test', 'USD' from account where key = 'acme' returning *)
     insert into posting (account_id, entry_id, n, ledger_account, amount_minor)
     select account_id, id, n, a, m from e, (values (1, 'cash', 5), (2, 'revenue', -5)) as p(n, a, m)`,
  );
  await wharfage.ok('POST', '/v2/payments', { invoice: 'INV-000002', amount: '31.00', method: 'wire' });
  expect(await differences(wharfage)).toEqual([]);
  await runner.commitTransaction();
  await runner.release();
  expect(await differences(wharfage)).toEqual([]);
  const last = await wharfage.source.query('select entry_id from journal_seal order by seq desc limit 1');
  expect(last).toEqual([{ entry_id: 'je_slow' }]);
});

test('an auditor can recompute the chain from the API alone', async () => {
  const { entries, hash } = await wharfage.ok('GET', '/v2/ledger/chain');
  const { data } = await wharfage.ok('GET', '/v2/ledger/entries?limit=200');
  let last = '0'.repeat(64);
  for (const entry of [...data].sort((a: any, b: any) => Number(a.seal.number) - Number(b.seal.number))) {
    const { id, accountId, seller, at, eventAt, causeKind, causeId, purpose, currency, invoice, postings, seal } = entry;
    const content = [id, accountId, seller, at, eventAt, causeKind, causeId, purpose, currency, invoice];
    const amounts = postings.map((posting: any) => [posting.ledgerAccount, posting.amount.replace('.', '').replace(/^(-?)0+(?=\d)/, '$1')]);
    last = createHash('sha256')
      .update(JSON.stringify(['wharfage.journal.1', seal.number, last, ...content, amounts]))
      .digest('hex');
    expect(last).toBe(seal.hash);
  }
  expect({ entries: String(data.length), hash: last }).toEqual({ entries, hash });
});

describe('the command', () => {
  const run = (...args: string[]): Promise<Ran> =>
    commandHere(['verify', ...args], {
      DATABASE_URL: wharfage.url,
      TEST_CLOCK: 'on',
      LOG_LEVEL: 'silent',
      KEY_HASH_SECRET: 'a secret for tests, and for tests only',
    });

  test('says what was checked, what differs, and how far the chain goes', async () => {
    const whole = await run('--ledger');
    expect([whole.status, whole.errors]).toEqual([0, []]);
    expect(whole.told.split('\n').slice(0, -1)).toEqual(
      [
        'entries balance',
        'chain',
        'closed periods',
        'deferred revenue',
        'invoices',
        'credit notes',
        'credited amounts',
        'settled credits',
        'receivables',
        'bad debt',
        'balances',
        'opening balances',
        'credit grants',
        'payments',
        'refunds',
        'refunds payable',
      ].map((name) => `${name}: ok`),
    );
    expect(whole.told).toMatch(/^0 differences; 7 entries sealed, the last one as [0-9a-f]{64}$/m);
    const { id } = await entry('payment_received');
    await tamper(`update posting set amount_minor = amount_minor * 2 where entry_id = '${id}'`);
    const found = await run('--ledger', '--account', 'acme', '--from', '2026-01-01T00:00:00Z');
    expect(found.status).toBe(1);
    expect(found.told).toMatch(
      /^payments: pay_\w+: je_\w+ \(payment_received of payment pay_\w+\) is .*cash 62.00.*, but should be .*cash 31.00/m,
    );
    expect(found.told).not.toMatch(/chain: /);
    expect(await run('--ledger', '--account', 'bob')).toMatchObject({ status: 0 });
  });

  test('refuses what it does not understand', async () => {
    for (const args of [['--everything'], ['--ledger', '--to', 'yesterday']]) expect(await run(...args)).toMatchObject({ status: 2 });
  });
});
