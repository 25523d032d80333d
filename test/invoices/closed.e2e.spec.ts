import { accountIdFor } from '../../src/common/ids.js';
import { afterStory } from '../support/story.js';
import { Books } from './books.js';

let books: Books;
beforeAll(async () => {
  books = await Books.open();
}, 30_000);
afterAll(async () => {
  try {
    await afterStory(books.wharfage);
  } finally {
    await books.close();
  }
});

const lines = (invoice: any): unknown[] => invoice.lines.map(({ id: _id, ...line }: any) => line);

describe('a void invoice', () => {
  test('keeps its number, counts for nothing, and its lines are billed again, once', async () => {
    const invoice = await books.billed('again');
    expect((await books.act(invoice, 'void')).body).toEqual({
      ...invoice,
      status: 'void',
      amountOpen: '0.00',
      voidedAt: '2026-01-01T00:00:00Z',
    });
    expect(await books.ledger('again')).toEqual({});
    expect(await books.bill('again')).toEqual({ invoices: 1, parked: false });
    expect(await books.bill('again')).toEqual({ invoices: 0, parked: false });
    const [, second] = await books.invoices('again');
    expect(second).toMatchObject({ status: 'finalized', total: '18.00' });
    expect(lines(second)).toEqual(lines(invoice));
    expect(await books.events('again')).toMatchObject([
      { type: 'invoice.voided', data: { invoice: invoice.id, number: invoice.number, reason: 'a mistake', rebill: true } },
    ]);
    const [entry] = (await books.wharfage.ok('GET', '/v2/audit?account=again&limit=200')).data.filter(
      ({ action }: any) => action === 'invoice.voided',
    );
    expect(entry).toMatchObject({ reason: 'a mistake', before: { status: 'finalized' }, after: { status: 'void', rebill: true } });
    for (const status of ['void', 'finalized'])
      expect((await books.wharfage.ok('GET', `/v2/invoices?account=again&status=${status}`)).data).toHaveLength(1);
  });

  test('is billed again as things are by then', async () => {
    await books.account('later');
    const { id } = await books.subscribe('later', 'month');
    const [invoice] = await books.invoices('later');
    await books.act(invoice, 'void');
    await books.wharfage.ok('POST', `/v2/subscriptions/${String(id)}/change-plan`, { plan: 'large' });
    expect((await books.invoices('later')).map(({ status, total }) => [status, total])).toEqual([
      ['void', '31.00'],
      ['finalized', '62.00'],
    ]);
  });

  test('waived: it is not billed again, and nothing of it is given back', async () => {
    await books.account('waived');
    const { id } = await books.subscribe('waived', 'month');
    const [invoice] = await books.invoices('waived');
    expect((await books.act(invoice, 'void', { rebill: false })).body).toMatchObject({ status: 'void' });
    expect(await books.bill('waived')).toEqual({ invoices: 0, parked: false });
    await books.wharfage.ok('POST', `/v2/subscriptions/${String(id)}/change-plan`, { plan: 'large' });
    const [, next] = await books.invoices('waived');
    expect(next.lines.map(({ plan, amount }: any) => [plan, amount])).toEqual([
      ['large', '62.00'],
      ['month', '0.00'],
    ]);
    expect(next.total).toBe('62.00');
  });

  test('gives back what the balance paid, and takes back what it put there', async () => {
    await books.account('credit');
    const { id } = await books.subscribe('credit', 'month');
    const [paid] = await books.invoices('credit');
    await books.wire(paid, '31.00');
    await books.wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now', proration: 'prorate' });
    const [, given] = await books.invoices('credit');
    expect(given).toMatchObject({ total: '-31.00', balanceCredited: '31.00', status: 'paid' });
    await books.subscribe('credit', 'month');
    const [, , applied] = await books.invoices('credit');
    expect(applied).toMatchObject({ amountApplied: '31.00', status: 'paid' });
    expect(await books.act(given, 'void')).toMatchObject({
      status: 409,
      body: { code: 'balance_spent', detail: expect.stringContaining('0.00 is left') },
    });
    expect(await books.act(given, 'void', { rebill: false })).toMatchObject({ status: 409, body: { code: 'waiver_of_credits' } });
    expect(await books.act(applied, 'void', { rebill: false })).toMatchObject({ body: { status: 'void', paidAt: null } });
    expect(await books.balance('credit')).toBe('31.00');
    expect(await books.act(given, 'void')).toMatchObject({ status: 200 });
    expect(await books.balance('credit')).toBe('0.00');
    await books.bill('credit');
    expect((await books.invoices('credit')).map(({ total }) => total)).toEqual(['31.00', '-31.00', '31.00', '-31.00']);
    expect(await books.balance('credit')).toBe('31.00');
  });

  test('is none that was paid, credited, written off or adjusted: each refusal says what to do', async () => {
    const paid = await books.billed('no-paid');
    await books.wire(paid, '1.00');
    expect(await books.act(paid, 'void')).toMatchObject({
      status: 409,
      body: { code: 'invoice_paid', detail: expect.stringContaining('credit note') },
    });
    const credited = await books.billed('no-credited');
    await books.credit(credited, { amount: '1.00', settle: 'none' });
    expect(await books.act(credited, 'void')).toMatchObject({ status: 409, body: { code: 'invoice_credited' } });
    const lost = await books.billed('no-lost');
    await books.act(lost, 'mark-uncollectible');
    expect(await books.act(lost, 'void')).toMatchObject({ status: 409, body: { code: 'invoice_uncollectible' } });
    await books.account('no-adjusted');
    const { id } = await books.subscribe('no-adjusted', 'month');
    const [adjusted] = await books.invoices('no-adjusted');
    await books.wharfage.ok('POST', `/v2/subscriptions/${String(id)}/change-plan`, { plan: 'large' });
    const [, change] = await books.invoices('no-adjusted');
    expect(await books.act(adjusted, 'void')).toMatchObject({
      status: 409,
      body: {
        code: 'invoice_adjusted',
        detail: expect.stringContaining(`${String(change.number)} credits or corrects lines of ${String(adjusted.number)}`),
      },
    });
    for (const one of [change, adjusted]) expect(await books.act(one, 'void')).toMatchObject({ status: 200 });
    await books.bill('no-adjusted');
    expect((await books.invoices('no-adjusted')).map(({ status, total }) => [status, total])).toEqual([
      ['void', '31.00'],
      ['void', '31.00'],
      ['finalized', '62.00'],
    ]);
    for (const act of ['void', 'mark-uncollectible'])
      expect(await books.act(change, act)).toMatchObject({ status: 409, body: { code: 'invoice_void' } });
    expect(await books.credit(change, { settle: 'none' })).toMatchObject({ status: 409, body: { code: 'invoice_void' } });
    expect(await books.wire(change, '1.00')).toMatchObject({ status: 409, body: { code: 'overpayment' } });
  });

  test('is voided by one of many who try at once, and billed again once by many', async () => {
    const invoice = await books.billed('crowded');
    const replies = await Promise.all(Array.from({ length: 10 }, () => books.act(invoice, 'void')));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    await Promise.all(Array.from({ length: 5 }, () => books.bill('crowded')));
    expect((await books.invoices('crowded')).map(({ status }) => status)).toEqual(['void', 'finalized']);
  });

  test('of usage is billed again with its usage, a group and a minimum as before', async () => {
    await books.wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'count' });
    await books.plan('calls', [{ key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '1.00', minimum: '2.00' }]);
    await books.account('metered');
    const { id } = await books.subscribe('metered', 'calls');
    await books.wharfage.report(
      [1, 2, 3].map((i) => ({
        id: `c${String(i)}`,
        source: 's',
        type: 'call',
        subject: 'metered',
        time: '2026-01-01T00:00:00Z',
        data: {},
      })),
    );
    await books.wharfage.travel('2026-02-01T00:00:00Z');
    const [invoice] = await books.invoices('metered');
    expect(invoice.total).toBe('3.00');
    await books.act(invoice, 'void');
    await books.wharfage.travel('2026-02-01T00:01:00Z');
    const [, again] = await books.invoices('metered');
    expect(lines(again)).toEqual(lines(invoice));
    expect(await books.credit(again, { amount: '2.50', settle: 'none' })).toMatchObject({ status: 201 });
    const [{ eventId }] = (await books.wharfage.ok('GET', '/v2/usage/events?account=metered&source=s&id=c1')).data;
    await books.wharfage.ok('POST', `/v2/usage/events/${String(eventId)}/void`, { reason: 'none of theirs' });
    await books.wharfage.ok('POST', `/v2/subscriptions/${String(id)}/cancel`, { when: 'now' });
    const [, , last] = await books.invoices('metered');
    expect(last.lines.find(({ kind }: any) => kind === 'adjustment')).toMatchObject({ amount: '-0.50', adjusts: again.lines[0].id });
  });
});

test('an invoice of a period that was settled long ago is billed again when it is void, and again when that one is, and is settled then', async () => {
  await books.wharfage.travel('2026-03-01T00:00:00Z');
  await books.account('settled');
  const subscription = await books.subscribe('settled', 'month');
  for (const month of ['04', '05', '06']) await books.wharfage.travel(`2026-${month}-01T00:00:00Z`);
  const settledThrough = async () =>
    (
      await books.wharfage.source.query('select settled_through as through from billing_state where account_id = $1', [
        accountIdFor('settled'),
      ])
    )[0].through;
  const [first] = await books.invoices('settled');
  expect(await settledThrough()).not.toBeNull();
  await books.act(first, 'void');
  expect(await settledThrough()).toBeNull();
  await books.wharfage.travel('2026-06-01T00:01:00Z');
  const again = (await books.invoices('settled')).at(-1);
  expect(lines(again)).toEqual(lines(first));
  await books.bill('settled');
  expect(await settledThrough()).not.toBeNull();
  await books.act(again, 'void');
  await books.wharfage.travel('2026-06-01T00:02:00Z');
  expect(lines((await books.invoices('settled')).at(-1))).toEqual(lines(first));
  await books.act((await books.invoices('settled')).at(-1), 'void', { rebill: false });
  expect(await settledThrough()).toBeNull();
  expect(await books.bill('settled')).toEqual({ invoices: 0, parked: false });
  await books.wharfage.travel('2026-07-01T00:00:00Z');
  expect((await books.invoices('settled')).map(({ status }) => status).filter((status) => status === 'void')).toHaveLength(3);
  const july = (await books.invoices('settled')).at(-1);
  expect(july).toMatchObject({ total: '31.00', status: 'finalized' });
  await books.act(july, 'void');
  await books.bill('settled');
  await books.bill('settled');
  expect(await settledThrough()).not.toBeNull();
  const julyAgain = (await books.invoices('settled')).at(-1);
  await books.wharfage.travel('2026-07-11T00:00:00Z');
  await books.wharfage.ok('POST', `/v2/subscriptions/${String(subscription.id)}/change-plan`, { plan: 'large' });
  const change = (await books.invoices('settled')).at(-1);
  expect(change.lines.map(({ adjusts, amount }: any) => [adjusts, amount])).toEqual([
    [julyAgain.lines[0].id, '-21.00'],
    [null, '42.00'],
  ]);
});

describe('an uncollectible invoice', () => {
  test('is written off with its tax, is no longer asked for, and is paid all the same', async () => {
    const invoice = await books.billed('lost');
    await books.wire(invoice, '6.00');
    expect((await books.act(invoice, 'mark-uncollectible')).body).toMatchObject({
      status: 'uncollectible',
      amountPaid: '6.00',
      amountUncollectible: '12.00',
      amountOpen: '0.00',
      markedUncollectibleAt: expect.any(String),
    });
    expect(await books.ledger('lost')).toEqual({ bad_debt: '12.00', cash: '6.00', deferred_revenue: '-15.00', tax_payable: '-3.00' });
    expect(await books.act(invoice, 'mark-uncollectible')).toMatchObject({ status: 409, body: { code: 'invoice_uncollectible' } });
    expect(await books.wire(invoice, '12.01')).toMatchObject({ status: 409, body: { code: 'overpayment' } });
    await books.wire(invoice, '5.00');
    expect(await books.invoice(invoice.id)).toMatchObject({ status: 'uncollectible', amountPaid: '11.00', amountUncollectible: '7.00' });
    await books.wire(invoice, '7.00');
    expect(await books.invoice(invoice.id)).toMatchObject({ status: 'paid', amountUncollectible: '0.00', markedUncollectibleAt: null });
    expect(await books.ledger('lost')).toEqual({ cash: '18.00', deferred_revenue: '-15.00', tax_payable: '-3.00' });
    expect(await books.act(invoice, 'mark-uncollectible')).toMatchObject({ status: 409, body: { code: 'nothing_due' } });
    expect(await books.events('lost')).toMatchObject([{ type: 'invoice.marked_uncollectible', data: { amount: '12.00' } }]);
  });

  test('is credited, which takes the write-off and the tax back', async () => {
    const invoice = await books.billed('relief');
    await books.act(invoice, 'mark-uncollectible');
    expect((await books.credit(invoice, { amount: '6.00', settle: 'none' })).body).toMatchObject({
      amountReduced: '0.00',
      amountRecovered: '6.00',
      tax: '1.00',
    });
    expect(await books.ledger('relief')).toEqual({ bad_debt: '12.00', deferred_revenue: '-10.00', tax_payable: '-2.00' });
    expect((await books.credit(invoice, { settle: 'refund' })).body).toMatchObject({ amountRecovered: '12.00', amountRefunded: '0.00' });
    expect(await books.invoice(invoice.id)).toMatchObject({ status: 'paid', amountUncollectible: '0.00' });
    expect(await books.ledger('relief')).toEqual({});
  });
});

test('an invoice is told to be sent to the e-mail that the account has now, once for each key', async () => {
  const invoice = await books.billed('post');
  const send = (key: string, of: any = invoice) =>
    books.wharfage.call('POST', `/v2/invoices/${String(of.number)}/send`, undefined, { 'idempotency-key': key });
  expect(await send('a')).toMatchObject({ status: 409, body: { code: 'no_email', detail: expect.stringContaining('/v2/accounts/post') } });
  await books.account('post', { taxRates: ['vat'], email: 'first@example.com' });
  const sent = await send('b');
  expect(sent).toMatchObject({ status: 200, body: { invoice: invoice.id, number: invoice.number, to: 'first@example.com' } });
  await books.account('post', { taxRates: ['vat'], email: 'second@example.com' });
  expect((await send('b')).body).toEqual(sent.body);
  await send('c');
  expect((await books.events('post')).map(({ type, data }) => [type, data.to])).toEqual([
    ['invoice.sent', 'first@example.com'],
    ['invoice.sent', 'second@example.com'],
  ]);
  expect(await books.invoice(invoice.id)).toMatchObject({ sentAt: expect.any(String), buyer: { email: null } });
  await books.act(invoice, 'void', { rebill: false });
  expect(await send('d')).toMatchObject({ status: 409, body: { code: 'invoice_void' } });
});

test('v1 tells of credit and write-off in its two words, and knows no void invoice', async () => {
  const { key } = await books.wharfage.ok('POST', '/v2/api-keys', { name: 'hub', scopes: ['v1'] });
  const v1 = (path: string) => books.wharfage.send('GET', `/v1${path}`, { headers: { authorization: `Bearer ${String(key)}` } });
  const invoice = await books.billed('hub');
  await books.credit(invoice, { amount: '8.00', settle: 'none' });
  expect((await v1(`/invoices/${String(invoice.number)}`)).body).toMatchObject({
    state: 'open',
    total_in_cents: 1800,
    balance_in_cents: 1000,
  });
  await books.act(invoice, 'mark-uncollectible');
  expect((await v1(`/invoices/${String(invoice.number)}`)).body).toMatchObject({ state: 'open', balance_in_cents: 1000, closed_at: null });
  await books.wire(invoice, '10.00');
  expect((await v1(`/invoices/${String(invoice.number)}`)).body).toMatchObject({ state: 'paid', balance_in_cents: 0 });
  await books.subscribe('hub', 'two');
  const [, second] = await books.invoices('hub');
  await books.act(second, 'void', { rebill: false });
  expect(await v1(`/invoices/${String(second.number)}`)).toMatchObject({ status: 404, body: { code: 'invoice_not_found' } });
  expect((await v1('/accounts/hub/invoices')).body.map((one: any) => one.invoice_number)).toEqual([invoice.number]);
});
