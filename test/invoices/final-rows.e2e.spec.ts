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
    await wharfage.report([{ id: '1', source: 's', type: 'call', subject: 'acme', time: '2026-01-01T00:00:00Z', data: {} }]);
  }, 30_000);
  afterAll(() => wharfage.close());

  test.each([
    'audit_entry',
    'balance_entry',
    'credit_grant cascade',
    'event_identity',
    'grant_entry',
    'invoice',
    'invoice_line',
    'invoice_number',
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
