import { TestApp } from '../support/app.js';
import { meteredStory } from '../support/metered-story.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await story.meter('calls', { groupBy: ['region'] });
  await wharfage.ok('PUT', '/v2/coupons/ten', { percentOff: '10', duration: 'forever' });
  const prices = [
    { key: 'fee', kind: 'recurring', model: 'flat', amount: '31.00' },
    { ...perUnit, key: 'usage', kind: 'metered', meter: 'calls', groupBy: ['region'] },
  ];
  const month = { unit: 'month', count: 1 };
  await wharfage.ok('PUT', '/v2/plans/cloud', { name: 'Cloud', product: 'cloud', currency: 'USD', interval: month, prices });
  const usage = { ...perUnit, key: 'usage', kind: 'metered', meter: 'calls' };
  await wharfage.ok('PUT', '/v2/plans/usage', { name: 'Usage', product: 'cloud', currency: 'USD', interval: month, prices: [usage] });
}, 30_000);
afterAll(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

const story = meteredStory(() => wharfage);
const perUnit = { model: 'per_unit', unitPrice: '0.07' } as const;
const explain = (invoice: { id: string }, line: { id: string }): Promise<any> =>
  wharfage.ok('GET', `/v2/invoices/${invoice.id}/lines/${line.id}/explanation`);
const texts = ({ steps }: { steps: { text: string }[] }): string[] => steps.map(({ text }) => text);

test('a line tells its price, its arithmetic, its discount and the events behind it; a later correction tells what it corrects', async () => {
  await story.account('acme');
  const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'cloud', coupon: 'ten' });
  await wharfage.travel('2026-01-20T00:00:00Z');
  const call = (n: string, time: string, amount: number, region = 'eu') => story.call(n, 'acme', time, amount, { region });
  await wharfage.report([
    call('a', '2026-01-02T10:00:00Z', 100),
    call('b', '2026-01-02T11:00:00Z', 20.5),
    call('c', '2026-01-09T00:00:00Z', 7, 'us'),
    call('d', '2026-01-12T00:00:00Z', 1),
  ]);
  await wharfage.travel('2026-02-01T00:00:00Z');
  const [, february] = await story.invoices('acme');
  const eu = february.lines.find(({ groups }: any) => groups?.region === 'eu');
  const explained = await explain(february, eu);
  expect(explained).toMatchObject({
    invoice: { number: february.number, account: 'acme' },
    plan: { key: 'cloud', version: 1, name: 'Cloud' },
    price: { key: 'usage', model: 'per_unit', unitPrice: '0.07' },
    amount: eu.amount,
    reproduces: true,
    warnings: [],
    discounts: [{ coupon: 'ten', amount: eu.discount, reproduces: true }],
    adjusts: null,
    usage: { meter: 'calls', period: { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' } },
  });
  expect(texts(explained)).toEqual([
    '121.5 was metered.',
    '121.5 x 0.07 = 8.505 USD.',
    "Rounded to the currency's minor unit, halves away from zero: 8.51 USD.",
  ]);
  expect(explained.usage.days).toHaveLength(31);
  expect(explained.usage.days.filter(({ events }: any) => events > 0)).toEqual([
    { start: '2026-01-02T00:00:00Z', end: '2026-01-03T00:00:00Z', quantity: '120.5', events: 2 },
    { start: '2026-01-12T00:00:00Z', end: '2026-01-13T00:00:00Z', quantity: '1', events: 1 },
  ]);
  const first = await wharfage.ok('GET', `${explained.usage.events}?limit=2`);
  const rest = await wharfage.ok('GET', `${explained.usage.events}?cursor=${first.nextCursor}`);
  expect([first.data, rest.data].map((page) => page.map((event: any) => event.id))).toEqual([['a', 'b'], ['d']]);

  await wharfage.report([call('late', '2026-01-15T00:00:00Z', 10)]);
  await wharfage.ok('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'usage', when: 'now' });
  await wharfage.travel('2026-02-15T00:00:00Z');
  await wharfage.ok('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'cloud', when: 'now' });
  const invoices = await story.invoices('acme');
  for (const invoice of invoices)
    for (const line of invoice.lines)
      expect([line.description, (await explain(invoice, line)).reproduces]).toEqual([line.description, true]);
  expect(await explain(february, eu)).toMatchObject({ warnings: [{ code: 'usage_changed' }], steps: [{ quantity: '121.5' }, {}, {}] });
  const lines = invoices.flatMap((invoice) => invoice.lines.map((line: any) => ({ invoice, line })));
  const correction = lines.find(({ line }) => line.kind === 'adjustment');
  expect(await explain(correction!.invoice, correction!.line)).toMatchObject({
    adjusts: { line: eu.id, number: february.number, amount: '8.51' },
    steps: expect.arrayContaining([expect.objectContaining({ step: 'difference', amount: '0.7' })]) as unknown,
  });
  const credit = lines.find(({ line }) => line.kind === 'recurring' && line.adjusts !== null);
  expect(texts(await explain(credit!.invoice, credit!.line))).toEqual([
    'The line that is credited charged 31.00 USD.',
    '2419200 of 2419200 seconds of what it paid for are not used: 31 x 1 = 31 USD.',
    'All that comes back of it, rounded once: 31.00 USD.',
    'This line: -31.00 USD.',
  ]);
  const piece = lines.find(({ line }) => line.kind === 'recurring' && line.proration && line.adjusts === null);
  expect(await explain(piece!.invoice, piece!.line)).toMatchObject({
    proration: { basis: 'second', part: '1209600', whole: '2419200', share: '1/2' },
    amount: '15.50',
  });
});

test('a line that charges no usage has no events, and what is not there is not found', async () => {
  const [first] = await story.invoices('acme');
  const [fee] = first.lines;
  expect(await explain(first, fee)).toMatchObject({ usage: null, proration: null, discounts: [{ amount: '3.10' }] });
  const path = `/v2/invoices/${first.number}/lines`;
  expect(await wharfage.call('GET', `${path}/${fee.id}/events`)).toMatchObject({ status: 422, body: { code: 'line_without_usage' } });
  expect(await wharfage.call('GET', `${path}/line_0/explanation`)).toMatchObject({ status: 404, body: { code: 'line_not_found' } });
});

describe('a coupon that is redeemed after the start', () => {
  const discounts = (key: string) => `/v2/accounts/${key}/discounts`;
  const redeem = (key: string, body: object, headers: Record<string, string> = {}) => wharfage.call('POST', discounts(key), body, headers);
  const off = (invoice: any): unknown =>
    invoice.lines.map((line: any) => [line.price, line.servicePeriod.start.slice(0, 10), line.discount]);

  test('counts from the billing period in which that was, for as many as it says, as previews foresee and explanations tell', async () => {
    await wharfage.ok('PUT', '/v2/coupons/half', { percentOff: '50', duration: 'repeating', periods: 2, maxRedemptions: 1 });
    await wharfage.ok('PUT', '/v2/coupons/gone', { percentOff: '50', duration: 'once', redeemBy: '2026-02-01T00:00:00Z' });
    await story.account('beth');
    const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: 'beth', plan: 'cloud' });
    await wharfage.travel('2026-03-01T00:00:00Z');
    await wharfage.report([story.call('x', 'beth', '2026-02-20T00:00:00Z', 100, { region: 'eu' })]);
    const headers = { 'idempotency-key': 'redeem-half' };
    const { body: answer } = await redeem('beth', { coupon: 'half' }, headers);
    expect(answer).toEqual({
      data: [{ coupon: 'half', subscription: id, status: 'running', redeemedAt: '2026-03-01T00:00:00Z', endedAt: null }],
    });
    expect(await redeem('beth', { coupon: 'half' }, headers)).toMatchObject({ status: 201, body: answer });
    expect(await redeem('beth', { coupon: 'half' })).toMatchObject({ status: 409, body: { code: 'discount_exists' } });
    expect(await redeem('acme', { coupon: 'half' })).toMatchObject({ status: 409, body: { code: 'coupon_exhausted' } });
    expect(await redeem('beth', { coupon: 'gone' })).toMatchObject({ status: 409, body: { code: 'coupon_expired' } });
    expect(await wharfage.ok('GET', '/v2/coupons/half')).toMatchObject({ redemptions: 1 });
    const { nextInvoice: foreseen } = await wharfage.ok('GET', '/v2/accounts/beth/upcoming-invoice');
    expect(off(foreseen)).toEqual([
      ['fee', '2026-03-15', '15.50'],
      ['usage', '2026-02-15', '3.50'],
    ]);
    await wharfage.travel('2026-04-15T00:00:00Z');
    const [first, second, third] = await story.invoices('beth');
    expect(off(first)).toEqual([['fee', '2026-02-15', '0.00']]);
    expect([off(second), second.total]).toEqual([off(foreseen), foreseen.total]);
    expect(off(third)).toEqual([['fee', '2026-04-15', '0.00']]);
    for (const line of second.lines)
      expect(await explain(second, line)).toMatchObject({ reproduces: true, discounts: [{ coupon: 'half', amount: line.discount }] });
    expect(await wharfage.ok('GET', discounts('beth'))).toMatchObject({ data: [{ coupon: 'half', status: 'over' }] });
  });

  test('stacks on another, and ends with the period in which it was ended', async () => {
    const [{ subscription }] = (await wharfage.ok('GET', discounts('beth'))).data;
    await wharfage.ok('PUT', '/v2/coupons/five', { amountOff: '5.00', currency: 'USD', duration: 'forever', plans: ['cloud'] });
    await wharfage.ok('POST', discounts('beth'), { coupon: 'ten', subscription });
    await wharfage.ok('POST', discounts('beth'), { coupon: 'five' });
    await wharfage.travel('2026-05-15T00:00:00Z');
    expect(off((await story.invoices('beth')).at(-1))).toEqual([['fee', '2026-05-15', '8.10']]);
    for (const times of [1, 2]) expect([times, (await wharfage.call('DELETE', `${discounts('beth')}/five`)).status]).toEqual([times, 204]);
    await wharfage.travel('2026-06-15T00:00:00Z');
    expect(off((await story.invoices('beth')).at(-1))).toEqual([['fee', '2026-06-15', '3.10']]);
    expect((await wharfage.ok('GET', discounts('beth'))).data.map(({ coupon, status }: any) => [coupon, status]).sort()).toEqual([
      ['five', 'ended'],
      ['half', 'over'],
      ['ten', 'running'],
    ]);
    const { data } = await wharfage.ok('GET', '/v2/audit?subjectType=subscription&action=subscription.coupon_ended');
    expect(data).toMatchObject([{ subjectId: subscription, after: { coupon_ended: { coupon: 'five' } } }]);
    expect(await wharfage.call('DELETE', `${discounts('acme')}/five`)).toMatchObject({ status: 404, body: { code: 'discount_not_found' } });
    await story.account('nobody');
    expect(await redeem('nobody', { coupon: 'five' })).toMatchObject({ status: 409, body: { code: 'no_subscription_for_coupon' } });
  });
});
