import { Clock } from '../../src/common/clock.js';
import { accountIdFor } from '../../src/common/ids.js';
import { parseInstant } from '../../src/domain/instant.js';
import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const start = async (env: Record<string, string> = {}): Promise<void> => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env });
  await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20', category: 'S', inclusive: false });
  for (const [key, amount] of Object.entries({ small: '10.00', big: '310.00' }))
    await wharfage.ok('PUT', `/v2/plans/${key}`, {
      name: key,
      product: key,
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount }],
    });
};
const ended = async (): Promise<void> => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
};

const account = (key: string, more: object = {}) =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', taxRates: ['vat'], ...more });
const subscribe = (body: object) => wharfage.ok('POST', '/v2/subscriptions', body);
const give = (body: object, key = 'acme') => wharfage.ok('POST', `/v2/accounts/${key}/credit-grants`, { kind: 'paid', ...body });
const grantOf = (id: string, key = 'acme') => wharfage.ok('GET', `/v2/accounts/${key}/credit-grants/${id}`);
const entriesOf = async (id: string) => (await wharfage.ok('GET', `/v2/accounts/acme/credit-grants/${id}/entries`)).data;
const end = (id: string, how: 'void' | 'expire', body: object = { reason: 'agreed' }) =>
  wharfage.call('POST', `/v2/accounts/acme/credit-grants/${id}/${how}`, body);
const invoices = async (key = 'acme'): Promise<any[]> => (await wharfage.ok('GET', `/v2/invoices?account=${key}&limit=200`)).data.reverse();
const trial = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await wharfage.ok('GET', '/v2/ledger/trial-balance')).data.map((row: any) => [row.ledgerAccount, row.balance]));

describe('stories', () => {
  beforeEach(() => start(), 30_000);
  afterEach(ended);

  test('grants pay invoices with their tax, in order, until they expire; then the customer pays', async () => {
    await account('acme');
    const paid = await give({ amount: '20.00' });
    const last = await give({ amount: '99.00', priority: 51, expiresAt: '2026-04-01T00:00:00Z' });
    const welcome = await give({ amount: '5.00', kind: 'promotional', expiresAt: '2026-02-15T00:00:00Z', description: 'Welcome' });
    const brief = await give({ amount: '8.00', expiresAt: '2026-02-01T00:00:00Z' });
    expect(welcome).toMatchObject({ status: 'active', priority: 50, amount: '5.00', remaining: '5.00', description: 'Welcome' });
    expect(await wharfage.ok('GET', '/v2/accounts/acme/balance')).toMatchObject({ balance: '0.00', creditGrants: '132.00' });
    await subscribe({ account: 'acme', plan: 'small' });
    const [first] = await invoices();
    expect(first).toMatchObject({
      total: '12.00',
      amountApplied: '12.00',
      amountDue: '0.00',
      status: 'paid',
      applied: [
        { kind: 'grant', grant: welcome.id, amount: '5.00' },
        { kind: 'grant', grant: brief.id, amount: '7.00' },
      ],
    });
    const upcoming = (await wharfage.ok('GET', '/v2/accounts/acme/upcoming-invoice')).nextInvoice;
    await wharfage.travel('2026-02-01T00:00:00Z'); // at the instant of its expiry a grant pays nothing more
    const [, second] = await invoices();
    expect(second).toMatchObject({ applied: [{ kind: 'grant', grant: paid.id, amount: '12.00' }], amountDue: '0.00' });
    expect(upcoming).toMatchObject({ applied: second.applied, amountApplied: '12.00', amountDue: '0.00' });
    expect(await grantOf(brief.id)).toMatchObject({ status: 'expired', applied: '7.00', remaining: '0.00', expired: '1.00' });
    await wharfage.travel('2026-04-15T00:00:00Z');
    const [, , march, april] = await invoices();
    expect(march.applied).toEqual([
      { kind: 'grant', grant: paid.id, amount: '8.00' },
      { kind: 'grant', grant: last.id, amount: '4.00' },
    ]);
    expect(april).toMatchObject({ amountApplied: '0.00', amountDue: '12.00', applied: [] });
    expect(await grantOf(paid.id)).toMatchObject({ status: 'used', applied: '20.00', remaining: '0.00', expired: '0.00', voided: '0.00' });
    expect(await grantOf(last.id)).toMatchObject({ status: 'expired', applied: '4.00', expired: '95.00' });
    expect((await entriesOf(last.id)).map((one: any) => [one.kind, one.amount, one.invoice, one.number, one.at])).toEqual([
      ['expired', '-95.00', null, null, '2026-04-01T00:00:00Z'],
      ['applied', '-4.00', march.id, march.number, '2026-03-01T00:00:00Z'],
    ]);
    expect(await trial()).toMatchObject({
      grant_clearing: '127.00',
      prepaid_credits: '0.00',
      breakage_revenue: '-96.00',
      promotional_credits: '5.00',
      accounts_receivable: '12.00',
      tax_payable: '-8.00',
    });
  });

  test('grants pay before the balance, and a total below zero goes to the balance, not to them', async () => {
    await account('acme', { taxRates: [] });
    const { id } = await subscribe({ account: 'acme', plan: 'big' });
    await wharfage.travel('2026-01-11T00:00:00Z');
    const grant = await give({ amount: '250.00' });
    await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now', proration: 'prorate' });
    expect((await invoices())[1]).toMatchObject({ total: '-210.00', applied: [], amountApplied: '0.00', balanceCredited: '210.00' });
    expect(await grantOf(grant.id)).toMatchObject({ remaining: '250.00' });
    const preview = await wharfage.call('POST', '/v2/subscriptions/preview', { account: 'acme', plan: 'big' });
    await subscribe({ account: 'acme', plan: 'big' });
    const [, , third] = await invoices();
    expect(third).toMatchObject({
      total: '310.00',
      amountApplied: '310.00',
      amountDue: '0.00',
      applied: [
        { kind: 'grant', grant: grant.id, amount: '250.00' },
        { kind: 'balance', grant: null, amount: '60.00' },
      ],
    });
    expect(preview.body.dueNow.applied).toEqual(third.applied);
    expect(preview.body.nextInvoice).toMatchObject({ applied: [{ kind: 'balance', grant: null, amount: '150.00' }], amountDue: '160.00' });
    expect(await wharfage.ok('GET', '/v2/accounts/acme/balance')).toMatchObject({ balance: '150.00', creditGrants: '0.00' });
    expect(await trial()).toMatchObject({ customer_balance: '-150.00', prepaid_credits: '0.00' });
  });

  test('what is left is voided or expired by hand, with a reason, and once', async () => {
    await account('acme');
    const [mistaken, closed, gift] = [
      await give({ amount: '30.00', priority: 1 }),
      await give({ amount: '40.00' }),
      await give({ amount: '50.00', kind: 'promotional' }),
    ];
    await subscribe({ account: 'acme', plan: 'small' });
    expect(await end(mistaken.id, 'void')).toMatchObject({ status: 200, body: { status: 'voided', applied: '12.00', voided: '18.00' } });
    expect(await end(closed.id, 'expire')).toMatchObject({ status: 200, body: { status: 'expired', expired: '40.00', remaining: '0.00' } });
    expect(await end(gift.id, 'void')).toMatchObject({ status: 200, body: { status: 'voided', voided: '50.00' } });
    for (const how of ['void', 'expire'] as const)
      expect(await end(mistaken.id, how)).toMatchObject({ status: 409, body: { code: 'credit_grant_ended' } });
    expect((await entriesOf(mistaken.id))[0]).toMatchObject({ kind: 'voided', reason: 'agreed', amount: '-18.00' });
    await wharfage.travel('2026-02-01T00:00:00Z');
    expect((await invoices())[1]).toMatchObject({ amountApplied: '0.00', amountDue: '12.00' });
    expect(await trial()).toMatchObject({ grant_clearing: '52.00', prepaid_credits: '0.00', breakage_revenue: '-40.00' });
    expect(Object.keys(await trial())).not.toContain('promotional_credits');
    const { data } = await wharfage.ok('GET', '/v2/audit?account=acme');
    expect(data.filter((one: any) => one.action.startsWith('credit_grant.')).map((one: any) => [one.action, one.reason])).toEqual([
      ['credit_grant.voided', 'agreed'],
      ['credit_grant.expired', 'agreed'],
      ['credit_grant.voided', 'agreed'],
      ['credit_grant.given', null],
      ['credit_grant.given', null],
      ['credit_grant.given', null],
    ]);
  });

  test('lists go on where their page ended; a grant of another account is none of this one', async () => {
    await account('acme');
    await account('other');
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push((await give({ amount: '1.00' })).id as string);
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = await wharfage.ok('GET', `/v2/accounts/acme/credit-grants?limit=2${cursor}`);
      seen.push(...page.data.map((one: any) => one.id as string));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${String(page.nextCursor)}`;
    }
    expect(seen).toEqual(ids.reverse());
    expect(await wharfage.ok('GET', '/v2/accounts/other/credit-grants')).toEqual({ data: [], nextCursor: null });
    expect(await wharfage.call('GET', `/v2/accounts/other/credit-grants/${String(ids[0])}`)).toMatchObject({
      status: 404,
      body: { code: 'credit_grant_not_found' },
    });
    await subscribe({ account: 'acme', plan: 'small' });
    const [first] = ids.slice(-1);
    const [entry] = await entriesOf(String(first));
    expect(entry).toMatchObject({ kind: 'applied', amount: '-1.00' });
  });
});

describe('two at once', () => {
  beforeEach(() => start({ BILLING_AUTO: 'off', BILL_RUN_BATCH: '3' }), 30_000);
  afterEach(ended);

  test('bill runs, a void and an expiry: no grant pays twice, or more than it has', async () => {
    const keys = Array.from({ length: 5 }, (_, i) => `a${String(i)}`);
    for (const key of keys) {
      await account(key);
      await give({ amount: '17.00', expiresAt: '2026-03-01T00:00:00Z' }, key);
      await give({ amount: '4.00', kind: 'promotional' }, key);
      await subscribe({ account: key, plan: 'small' });
    }
    const run = (asOf: string) => wharfage.ok('POST', '/v2/bill-runs', { asOf });
    const bills = () => keys.map((key) => wharfage.ok('POST', `/v2/accounts/${key}/bill`, {}));
    for (const now of ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z']) {
      await wharfage.travel(now);
      await Promise.all([run(now), run(now), ...bills()]);
    }
    for (const key of keys) {
      const [first, second] = await invoices(key);
      expect([first.amountApplied, second.amountApplied, second.amountDue]).toEqual(['12.00', '9.00', '3.00']);
      expect(await invoices(key)).toHaveLength(2);
    }
    const fresh = await Promise.all(keys.map((key) => give({ amount: '9.00' }, key)));
    await wharfage.travel('2026-03-01T00:00:00Z');
    await Promise.all([
      run('2026-03-01T00:00:00Z'),
      run('2026-03-01T00:00:00Z'),
      ...fresh.map(({ id }, i) =>
        wharfage.call('POST', `/v2/accounts/${String(keys[i])}/credit-grants/${String(id)}/void`, { reason: 'raced' }),
      ),
    ]);
    for (const [i, key] of keys.entries()) {
      const { applied, voided, remaining } = await grantOf(fresh[i].id, key);
      expect([
        ['9.00', '0.00'],
        ['0.00', '9.00'],
      ]).toContainEqual([applied, voided]);
      expect(remaining).toBe('0.00');
      expect((await invoices(key))[2].amountApplied).toBe(applied);
    }
  });

  test('a bill waits for who has a grant in hand, and takes what that one left', async () => {
    await account('acme');
    const { id } = await give({ amount: '9.00', kind: 'promotional' });
    await subscribe({ account: 'acme', plan: 'small' });
    const other = wharfage.source.createQueryRunner();
    await other.startTransaction();
    await other.query(
      `insert into grant_entry (account_id, id, grant_id, at, kind, amount_minor) values ($1, 'gre_x', $2, '2026-01-01', 'voided', -800)`,
      [accountIdFor('acme'), id],
    );
    const billed = wharfage.ok('POST', '/v2/accounts/acme/bill', {});
    expect(await Promise.race([billed, new Promise((resolve) => setTimeout(() => resolve('waits'), 300))])).toBe('waits');
    await other.commitTransaction();
    await other.release();
    expect(await billed).toEqual({ invoices: 1, parked: false });
    expect((await invoices())[0]).toMatchObject({ amountApplied: '1.00', amountDue: '11.00' });
  });

  test('a run that was missed asks the clock, not the instant that it bills for, which grants still live', async () => {
    await account('acme');
    const gone = await give({ amount: '5.00', expiresAt: '2026-01-10T00:00:00Z' });
    await subscribe({ account: 'acme', plan: 'small' });
    const expiry = '2026-01-10T00:00:00Z';
    await wharfage.app.get(Clock).set(parseInstant(expiry), expiry); // no job has written it off
    expect(await grantOf(gone.id)).toMatchObject({ status: 'expired', expired: '5.00', remaining: '0.00' });
    expect(await end(gone.id, 'void')).toMatchObject({ status: 409, body: { code: 'credit_grant_ended' } });
    await wharfage.ok('POST', '/v2/bill-runs', { asOf: '2026-01-05T00:00:00Z' });
    expect((await invoices())[0]).toMatchObject({ applied: [], amountDue: '12.00' });
    expect(await entriesOf(gone.id)).toEqual([]);
    await wharfage.travel('2026-01-10T00:01:00Z');
    expect((await entriesOf(gone.id)).map((one: any) => [one.kind, one.at])).toEqual([['expired', '2026-01-10T00:01:00Z']]);
    expect(await grantOf(gone.id)).toMatchObject({ status: 'expired', expired: '5.00', remaining: '0.00' });
  });
});

describe('an invoice that is to stand no longer', () => {
  beforeEach(start, 30_000);
  afterEach(() => wharfage.close());

  test('what grants paid of an invoice comes back to them, and to one that has ended it comes and goes', async () => {
    await account('acme');
    const [kept, lapsed, voided] = [
      await give({ amount: '8.00', priority: 1 }),
      await give({ amount: '3.00', priority: 2, expiresAt: '2026-01-20T00:00:00Z' }),
      await give({ amount: '5.00', priority: 3 }),
    ];
    await subscribe({ account: 'acme', plan: 'small' });
    await wharfage.travel('2026-01-25T00:00:00Z');
    const [{ id }] = await invoices();
    const voidInvoice = () => wharfage.call('POST', `/v2/invoices/${String(id)}/void`, { reason: 'a wrong price', rebill: false });
    expect(await end(voided.id, 'void')).toMatchObject({ body: { applied: '1.00', voided: '4.00' } });
    expect(await voidInvoice()).toMatchObject({ status: 200, body: { status: 'void', amountApplied: '12.00' } });
    expect(await voidInvoice()).toMatchObject({ status: 409, body: { code: 'invoice_void' } });
    expect(await grantOf(kept.id)).toMatchObject({ status: 'active', applied: '0.00', remaining: '8.00' });
    expect(await grantOf(lapsed.id)).toMatchObject({ status: 'expired', applied: '0.00', expired: '3.00' });
    expect(await grantOf(voided.id)).toMatchObject({ status: 'voided', applied: '0.00', voided: '5.00' });
    expect((await entriesOf(lapsed.id)).map((one: any) => [one.kind, one.amount, one.reason])).toEqual([
      ['expired', '-3.00', `It came back from invoice ${String(id)}.`],
      ['released', '3.00', null],
      ['applied', '-3.00', null],
    ]);
    expect(await trial()).toMatchObject({ prepaid_credits: '-8.00', breakage_revenue: '-3.00', accounts_receivable: '0.00' });
    await afterStory(wharfage);
  });
});

describe('what is refused', () => {
  beforeAll(async () => {
    await start();
    await account('acme');
  }, 30_000);
  afterAll(() => wharfage.close());
  const grant = { amount: '5.00', kind: 'paid' };

  test.each<[string, object, string]>([
    ['an amount of nothing', { ...grant, amount: '0.00' }, '/amount'],
    ['an amount below zero', { ...grant, amount: '-1.00' }, '/amount'],
    ['a number', { ...grant, amount: 5 }, '/amount'],
    ['no kind', { amount: '5.00' }, '/kind'],
    ['a kind that there is not', { ...grant, kind: 'gift' }, '/kind'],
    ['a priority out of bounds', { ...grant, priority: 101 }, '/priority'],
    ['a priority that is no integer', { ...grant, priority: 1.5 }, '/priority'],
    ['an expiry that is now', { ...grant, expiresAt: '2026-01-01T00:00:00Z' }, '/expiresAt'],
    ["a currency, which is the account's", { ...grant, currency: 'EUR' }, '/currency'],
  ])('%s', async (_name, body, pointer) => {
    expect(await wharfage.call('POST', '/v2/accounts/acme/credit-grants', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [expect.objectContaining({ pointer })] },
    });
  });

  test.each<[string, () => Promise<any>, number, string]>([
    [
      'more decimals than the currency has',
      () => wharfage.call('POST', '/v2/accounts/acme/credit-grants', { ...grant, amount: '1.005' }),
      400,
      'invalid_money',
    ],
    ['an account that there is not', () => wharfage.call('POST', '/v2/accounts/none/credit-grants', grant), 404, 'account_not_found'],
    ['a grant that there is not', () => end('grant_1', 'void'), 404, 'credit_grant_not_found'],
    ['an end without a reason', () => end('grant_1', 'void', {}), 400, 'invalid_request'],
  ])('%s', async (_name, send, status, code) => {
    expect(await send()).toMatchObject({ status, body: { code } });
  });

  test('another currency for an account that was granted credit', async () => {
    await account('granted');
    await give({ amount: '1.00' }, 'granted');
    expect(
      await wharfage.call('PUT', '/v2/accounts/granted', { kind: 'user', name: 'granted', currency: 'EUR', taxRates: ['vat'] }),
    ).toMatchObject({ status: 409, body: { code: 'currency_fixed' } });
  });

  test('in the database, what would leave a grant below zero, past its end, or otherwise than its entries say', async () => {
    const { id } = await give({ amount: '5.00', expiresAt: '2026-01-02T00:00:00Z' });
    const entry = (at: string, amountMinor: number) =>
      wharfage.source.query(
        `insert into grant_entry (account_id, id, grant_id, at, kind, amount_minor, invoice_id) values ($1, 'gre_x', $2, $3, 'applied', $4, 'inv_x')`,
        [accountIdFor('acme'), id, at, amountMinor],
      );
    await expect(entry('2026-01-01T00:00:00Z', -501)).rejects.toThrow(/credit_grant_remaining/);
    await expect(entry('2026-01-02T00:00:00Z', -1)).rejects.toThrow(/has expired/);
    await expect(wharfage.source.query('update credit_grant set remaining_minor = 0')).rejects.toThrow(/is refused/);
    await expect(wharfage.source.query('delete from credit_grant')).rejects.toThrow(/is refused/);
    expect(await grantOf(id)).toMatchObject({ remaining: '5.00' });
  });
});
