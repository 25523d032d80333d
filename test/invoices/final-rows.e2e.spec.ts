import { TestApp } from '../support/app.js';

let wharfage: TestApp;

describe('the database itself', () => {
  beforeAll(async () => {
    wharfage = await TestApp.start();
    await wharfage.ok('PUT', '/v2/plans/flat', {
      name: 'Flat',
      product: 'test',
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }],
    });
    await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD' });
    await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat' });
    const [{ id }] = (await wharfage.ok('GET', '/v2/invoices?account=acme')).data;
    await wharfage.ok('POST', `/v2/invoices/${String(id)}/credit-notes`, { amount: '2.00', reason: 'late', settle: 'none' });
    await wharfage.report([{ id: '1', source: 's', type: 'call', subject: 'acme', time: '2026-01-01T00:00:00Z', data: {} }]);
  }, 30_000);
  afterAll(() => wharfage.close());

  test.each([
    'audit_entry',
    'balance_entry',
    'credit_grant cascade',
    'credit_note',
    'credit_note_line',
    'credit_note_number',
    'event_identity',
    'grant_entry',
    'invoice',
    'invoice_line',
    'invoice_number',
    'invoice_sending',
    'invoice_settlement',
    'journal_entry',
    'outbox_event',
    'posting',
    'subscription_change',
  ])('refuses to empty %s', async (table) => {
    await expect(wharfage.source.query(`truncate ${table}`)).rejects.toThrow(/TRUNCATE of .* is refused/);
  });

  test.each<[string, string, RegExp]>([
    ['to let an event go', 'delete from event_identity', /is refused/],
    ['to change what an event was', 'update event_identity set event_seq = 0', /is refused/],
    [
      'a line for an invoice that was issued',
      `insert into invoice_line overriding system value
       select (jsonb_populate_record(l, jsonb_build_object('id', l.id || 'x', 'n', l.n + 1, 'slot_seq', l.slot_seq + 1, 'billed_seq', l.billed_seq + 1))).* from invoice_line l`,
      /was issued/,
    ],
    ['to change a credit note', 'update credit_note set total_minor = 1, reduced_minor = 1', /is refused/],
    ['to let a line of one go', 'delete from credit_note_line', /is refused/],
    [
      'a line for a credit note that was issued',
      `insert into credit_note_line select account_id, credit_note_id, n + 1, line_id, description, amount_minor, revenue_minor from credit_note_line`,
      /was issued/,
    ],
    [
      'a second credit note at the place of the first',
      `insert into credit_note select (jsonb_populate_record(c, '{"id": "cn_x"}')).* from credit_note c`,
      /credit_note_one_by_one/,
    ],
    ['to ask for more than was invoiced', 'update invoice_settlement set due_minor = due_minor + 1', /what was settled stays settled/],
    ['to take back what was credited', 'update invoice_settlement set credited_minor = 0', /what was settled stays settled/],
    ['more than is due to be settled', 'update invoice_settlement set paid_minor = due_minor', /invoice_settlement_adds_up/],
    [
      'an invoice to be void of which something was credited',
      `update invoice_settlement set closed = 'void', closed_at = now()`,
      /invoice_settlement_closed/,
    ],
    ['to forget a settlement', 'delete from invoice_settlement', /what was settled stays settled/],
    [
      'more postings for an entry that was made',
      `insert into posting (account_id, entry_id, n, ledger_account, amount_minor)
       select account_id, entry_id, n + 10, ledger_account, amount_minor from posting`,
      /is not new/,
    ],
    [
      'postings of no entry',
      `insert into posting (account_id, entry_id, n, ledger_account, amount_minor)
       select '00000000-0000-0000-0000-000000000001', 'je_x', n, ledger_account, amount from (values (1, 'cash', 5), (2, 'revenue', -5)) as p(n, ledger_account, amount)`,
      /is not new/,
    ],
  ])('refuses %s', async (_name, statement, message) => {
    await expect(wharfage.source.query(statement)).rejects.toThrow(message);
  });
});
