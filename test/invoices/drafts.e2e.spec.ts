import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const month = { unit: 'month', count: 1 };
const calls = { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.50' };
let events = 0;

/** One service, whose clock goes on from story to story; each has an account of its own. */
beforeAll(async () => {
  wharfage = await TestApp.start({ env: { USAGE_GRACE_MINUTES: '60' } });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
  await wharfage.ok('PUT', '/v2/meters/jobs', { name: 'Jobs', eventType: 'job', aggregation: 'count' });
  const flat = { key: 'base', kind: 'recurring', model: 'flat', amount: '10.00' };
  const jobs = { key: 'jobs', kind: 'metered', meter: 'jobs', model: 'per_unit', unitPrice: '1.00' };
  const base = { product: 'test', currency: 'USD', interval: month };
  for (const [key, prices] of Object.entries({ calls: [flat, calls], usage: [calls], flat: [flat], jobs: [jobs] }))
    await wharfage.ok('PUT', `/v2/plans/${key}`, { ...base, name: key, prices });
}, 30_000);
afterEach(() => afterStory(wharfage));
afterAll(() => wharfage.close());

const account = (key: string, more: object = {}): Promise<unknown> =>
  wharfage.ok('PUT', `/v2/accounts/${key}`, { kind: 'organization', name: key, currency: 'USD', ...more });
const subscribe = (key: string, plan: string, more: object = {}): Promise<any> =>
  wharfage.ok('POST', '/v2/subscriptions', { account: key, plan, ...more });
const used = (key: string, n: number, time: string): Promise<any> =>
  wharfage.report([{ id: `e${String((events += 1))}`, source: 's', type: 'call', subject: key, time, data: { n } }]);
const invoices = async (key: string, query = ''): Promise<any[]> => (await wharfage.ok('GET', `/v2/invoices?account=${key}${query}`)).data;
const drafts = (key: string): Promise<any[]> => invoices(key, '&status=draft');
const amounts = ({ lines }: any): string[] => lines.map(({ amount }: any) => String(amount));
const run = (asOf: string): Promise<unknown> => wharfage.ok('POST', '/v2/bill-runs', { asOf });

describe('an invoice with metered lines', () => {
  test('is a draft until its grace is over, and takes in usage that comes meanwhile', async () => {
    await account('late');
    await subscribe('late', 'calls');
    const [first] = await invoices('late');
    expect(first).toMatchObject({ status: 'finalized', number: 'INV-000001', total: '10.00', finalizesAt: null });
    await wharfage.travel('2026-01-10T00:00:00Z');
    await used('late', 4, '2026-01-10T00:00:00Z');
    await wharfage.travel('2026-02-01T00:00:00Z');
    const [draft] = await drafts('late');
    expect(draft).toMatchObject({ type: 'subscription', number: null, issuedAt: null, dueAt: null, total: '12.00', amountOpen: '0.00' });
    expect(draft).toMatchObject({ finalizesAt: '2026-02-01T01:00:00Z', lines: [{ id: null }, { id: null }] });
    expect(await invoices('late')).toEqual([draft, first]);
    expect(await wharfage.ok('GET', `/v2/invoices/${String(draft.id)}`)).toEqual(draft);

    await used('late', 2, '2026-01-31T23:59:00Z');
    await wharfage.travel('2026-02-01T00:59:59Z');
    await run('2026-02-01T00:59:59Z');
    expect(await drafts('late')).toMatchObject([{ id: draft.id, total: '13.00' }]);
    await wharfage.travel('2026-02-01T01:00:00Z');
    expect(await invoices('late')).toMatchObject([
      { id: draft.id, status: 'finalized', number: 'INV-000002', total: '13.00', issuedAt: '2026-02-01T01:00:00Z' },
      { id: first.id },
    ]);
    await used('late', 2, '2026-01-31T23:59:30Z');
    await wharfage.travel('2026-02-10T00:00:00Z');
    await used('late', 1, '2026-02-10T00:00:00Z');
    await wharfage.travel('2026-03-01T00:00:00Z');
    const [next] = await drafts('late');
    expect(next).toMatchObject({ total: '11.50', lines: [{ kind: 'recurring' }, { kind: 'adjustment' }, { kind: 'metered' }] });
  });

  test('waits by the clock, not by what is asked for: what ended long ago is billed at once', async () => {
    await account('past');
    for (const time of ['2026-01-10T00:00:00Z', '2026-02-10T00:00:00Z']) await used('past', 4, time);
    await subscribe('past', 'calls', { startsAt: '2026-01-01T00:00:00Z' });
    expect((await invoices('past')).map(amounts)).toEqual([['10.00', '10.00', '2.00']]);
    await run('2026-03-01T00:00:00Z');
    expect((await drafts('past')).map(amounts)).toEqual([['10.00', '2.00']]);
    await account('past', { usageGrace: { unit: 'minute', count: 0 } });
    await wharfage.travel('2026-03-01T01:00:00Z');
    expect((await invoices('past')).map(({ status, total }) => [status, total])).toEqual([
      ['finalized', '12.00'],
      ['finalized', '22.00'],
    ]);
    const long = { kind: 'organization', name: 'A', currency: 'USD', usageGrace: { unit: 'day', count: 4 } };
    const { body } = await wharfage.call('PUT', '/v2/accounts/past', long);
    expect(body.errors).toMatchObject([{ pointer: '/usageGrace', code: 'grace_too_long' }]);
  });

  test('of two periods that end shortly after one another each is finalized in its time', async () => {
    await account('two');
    await subscribe('two', 'usage', { startsAt: '2026-03-01T00:00:00Z' });
    await subscribe('two', 'jobs', { startsAt: '2026-03-01T00:30:00Z' });
    await wharfage.travel('2026-03-10T00:00:00Z');
    await used('two', 4, '2026-03-10T00:00:00Z');
    await wharfage.report([{ id: 'j', source: 's', type: 'job', subject: 'two', time: '2026-03-10T00:00:00Z', data: {} }]);
    await wharfage.travel('2026-04-01T00:10:00Z');
    await subscribe('two', 'flat');
    await wharfage.travel('2026-04-01T00:45:00Z');
    expect((await drafts('two')).map(amounts)).toEqual([['2.00', '1.00', '10.00']]);
    await wharfage.travel('2026-04-01T01:00:00Z');
    const [rest, first] = await invoices('two');
    expect([first.status, amounts(first), first.asOf < '2026-04-01T00:30:00Z']).toEqual(['finalized', ['2.00', '10.00'], true]);
    expect([rest.status, amounts(rest), rest.finalizesAt]).toEqual(['draft', ['1.00'], '2026-04-01T01:30:00Z']);
    await wharfage.travel('2026-04-01T01:30:00Z');
    expect((await invoices('two'))[0]).toMatchObject({ id: rest.id, status: 'finalized', total: '1.00' });
  });
});

test('a draft takes memo, terms and lines by hand, not a change of what is computed, and is finalized when somebody wants it', async () => {
  await account('hand', { paymentTermsDays: 14 });
  const { id: subscription } = await subscribe('hand', 'usage', { startsAt: '2026-04-01T00:00:00Z' });
  await wharfage.travel('2026-04-10T00:00:00Z');
  await used('hand', 100, '2026-04-10T00:00:00Z');
  await wharfage.travel('2026-05-01T00:00:00Z');
  const [{ id }] = await drafts('hand');
  const path = `/v2/invoices/${String(id)}`;
  const code = async (method: 'PATCH' | 'POST' | 'DELETE' | 'PUT', url: string, body?: object): Promise<unknown> =>
    (await wharfage.call(method, url, body)).body.code;
  const said = { memo: 'Thank you', purchaseOrder: 'PO-1' };
  const off = { description: 'Goodwill', amount: '-5.00' };
  expect(await wharfage.ok('PATCH', path, { ...said, lines: [off] })).toMatchObject({ ...said, total: '45.00', paymentTermsDays: null });
  expect(await wharfage.ok('PATCH', path, { paymentTermsDays: 30 })).toMatchObject({ ...said, total: '45.00', paymentTermsDays: 30 });
  expect(await code('PATCH', path, { lines: [{ ...off, subscription }] })).toBe('computed_line');
  expect(await code('PATCH', path, { lines: [{ ...off, amount: '-50.01' }] })).toBe('total_below_zero');
  expect(await code('DELETE', path)).toBe('draft_of_subscriptions');
  for (const [act, body] of Object.entries({ void: { reason: 'r' }, send: undefined, pay: undefined }))
    expect([act, await code('POST', `${path}/${act}`, body)]).toEqual([act, 'invoice_is_draft']);
  expect(await code('PUT', '/v2/accounts/hand', { kind: 'organization', name: 'A', currency: 'EUR' })).toMatch(/currency/);
  await used('hand', 10, '2026-04-20T00:00:00Z');

  const final = await wharfage.ok('POST', `${path}/finalize`);
  expect(final).toMatchObject({ id, ...said, status: 'finalized', total: '50.00', dueAt: '2026-05-31T00:00:00Z' });
  expect(final.lines).toMatchObject([
    { kind: 'metered', amount: '55.00' },
    { kind: 'adjustment', amount: '-5.00', subscription: null, plan: null, adjusts: null },
  ]);
  expect(await code('PATCH', path, {})).toBe('invoice_final');
  expect(await code('POST', `${path}/finalize`)).toBe('invoice_final');
  await wharfage.travel('2026-05-02T00:00:00Z');
  expect(await invoices('hand')).toHaveLength(1);
});

test('a draft whose usage is taken back is gone', async () => {
  await account('void');
  await subscribe('void', 'usage');
  await wharfage.travel('2026-05-10T00:00:00Z');
  await used('void', 4, '2026-05-10T00:00:00Z');
  await wharfage.travel('2026-06-02T00:00:00Z');
  expect(await drafts('void')).toMatchObject([{ total: '2.00' }]);
  const [{ eventId }] = (await wharfage.ok('GET', `/v2/usage/events?account=void&source=s&id=e${String(events)}`)).data;
  await wharfage.ok('POST', `/v2/usage/events/${String(eventId)}/void`, { reason: 'never happened' });
  await run('2026-06-02T00:00:00Z');
  expect(await invoices('void')).toEqual([]);
});

describe('an invoice made by hand', () => {
  const line = { description: 'Consulting', quantity: '2.5', unitPrice: '100.00' };
  const create = (key: string, body: object): Promise<any> => wharfage.ok('POST', '/v2/invoices', { account: key, ...body });

  test('has tax, grants, terms, books and corrections as any other', async () => {
    await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20' });
    await account('once', { taxRates: ['vat'], paymentTermsDays: 10 });
    await wharfage.ok('POST', '/v2/accounts/once/credit-grants', { amount: '30.00', kind: 'paid' });
    const servicePeriod = { start: '2026-06-01T00:00:00Z', end: '2027-06-01T00:00:00Z' };
    const support = { description: 'Support', amount: '120.00', taxRates: [], servicePeriod };
    const made = await create('once', { lines: [line, support], memo: 'As agreed', currency: 'USD' });
    expect(made).toMatchObject({
      type: 'one_off',
      subtotal: '370.00',
      tax: '50.00',
      total: '420.00',
      amountDue: '390.00',
      memo: 'As agreed',
    });
    expect(made).toMatchObject({ amountApplied: '30.00', dueAt: '2026-06-12T00:00:00Z', periodEnd: '2027-06-01T00:00:00Z' });
    expect(made.lines).toMatchObject([
      { quantity: '2.5', unitPrice: '100.00', amount: '250.00', taxRates: ['vat'] },
      { quantity: '1', unitPrice: null, amount: '120.00', taxRates: [] },
    ]);
    const path = `/v2/invoices/${String(made.id)}`;
    const credited = [{ line: made.lines[0].id, amount: '50.00' }];
    await wharfage.ok('POST', `${path}/credit-notes`, { lines: credited, reason: 'half a day', settle: 'none' });
    expect(await wharfage.ok('GET', path)).toMatchObject({ amountCredited: '60.00', amountOpen: '330.00' });
    const gone = await create('once', { lines: [line] });
    await wharfage.ok('POST', `/v2/invoices/${String(gone.id)}/void`, { reason: 'twice' });
    await subscribe('once', 'flat');
  });

  test('may wait as a draft, which can be discarded, and is seen by nobody who wants final invoices', async () => {
    await account('wait');
    const draft = await create('wait', { lines: [line], draft: true });
    expect(draft).toMatchObject({ status: 'draft', finalizesAt: null, total: '250.00' });
    const path = `/v2/invoices/${String(draft.id)}`;
    expect((await wharfage.call('PATCH', path, { lines: [] })).body.code).toBe('draft_without_lines');
    expect((await wharfage.call('GET', `/v1/invoices/${String(draft.id)}`)).status).toBe(404);
    expect(
      (await wharfage.send('GET', '/v2/exports/invoices?format=jsonl', { headers: { authorization: `Bearer ${wharfage.adminKey}` } })).text,
    ).not.toContain(draft.id);
    await account('wait', { paymentTermsDays: 7 });
    const other = await create('wait', { lines: [line], draft: true });
    const page = await wharfage.ok('GET', '/v2/invoices?account=wait&limit=1');
    expect(page.data).toEqual([other]);
    expect(await wharfage.ok('GET', `/v2/invoices?account=wait&limit=1&cursor=${String(page.nextCursor)}`)).toEqual({
      data: [draft],
      nextCursor: null,
    });
    expect((await wharfage.call('DELETE', `/v2/invoices/${String(other.id)}`)).status).toBe(204);
    expect(await wharfage.ok('POST', `${path}/finalize`)).toMatchObject({ number: expect.any(String), dueAt: '2026-06-09T00:00:00Z' });
    expect(await invoices('wait')).toMatchObject([{ id: draft.id, status: 'finalized' }]);
  });

  test('is refused with all that is wrong with it', async () => {
    await account('wrong');
    const refused = async (body: object): Promise<any> =>
      (await wharfage.call('POST', '/v2/invoices', { account: 'wrong', lines: [line], ...body })).body;
    expect(await refused({ currency: 'EUR' })).toMatchObject({ status: 409, code: 'currency_mismatch' });
    expect(await refused({ account: 'nobody' })).toMatchObject({ status: 404, code: 'account_not_found' });
    expect(await refused({ lines: [{ description: 'x', amount: '-1.00' }] })).toMatchObject({ status: 422, code: 'total_below_zero' });
    const lines = [
      { description: 'a', amount: '1.001' },
      { description: 'b', amount: '1.00', unitPrice: '1' },
      { description: 'c', unitPrice: '1', quantity: '0' },
      { description: 'd', amount: '1.00', taxRates: ['none'] },
      { description: 'e', amount: '1.00', servicePeriod: { start: '2026-01-02T00:00:00Z', end: '2026-01-02T00:00:00Z' } },
    ];
    const { errors } = await refused({ lines });
    expect(errors.map(({ pointer, code }: any) => [pointer, code])).toEqual([
      ['/lines/0/amount', 'invalid_money'],
      ['/lines/1', 'price_or_amount'],
      ['/lines/2/quantity', 'invalid_quantity'],
      ['/lines/3/taxRates/0', 'unknown_tax_rate'],
      ['/lines/4/servicePeriod/end', 'end_before_start'],
    ]);
    await wharfage.ok('POST', '/v2/accounts/wrong/hold', { reason: 'in dispute' });
    expect(await refused({})).toMatchObject({ status: 409, code: 'account_on_hold' });
    await wharfage.ok('POST', '/v2/accounts/wrong/release');
    expect(await invoices('wrong')).toEqual([]);
  });
});
