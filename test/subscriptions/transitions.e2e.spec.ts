import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const month = { unit: 'month', count: 1 };
const plan = (key: string, amount: string, more: object = {}) => ({
  name: key,
  product: 'test',
  currency: 'USD',
  interval: month,
  prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount }],
  ...more,
});

beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  for (const [key, amount] of Object.entries({ small: '31.00', large: '62.00', huge: '93.00' }))
    await wharfage.ok('PUT', `/v2/plans/${key}`, plan(key, amount));
  await wharfage.ok('PUT', '/v2/plans/trial', plan('trial', '31.00', { trialDays: 10 }));
  await wharfage.ok('PUT', '/v2/plans/yearly', plan('yearly', '365.00', { interval: { unit: 'year', count: 1 } }));
  await wharfage.ok('PUT', '/v2/plans/euro', plan('euro', '31.00', { currency: 'EUR' }));
}, 30_000);
afterAll(async () => {
  await afterStory(wharfage);
  await wharfage.close();
});

let accounts = 0;
async function subscribed(body: object = {}): Promise<{ account: string; id: string }> {
  const account = `a${String((accounts += 1))}`;
  await wharfage.ok('PUT', `/v2/accounts/${account}`, { kind: 'user', name: account, currency: 'USD' });
  const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account, plan: 'small', ...body });
  return { account, id };
}
const act = (id: string, action: string, body: object = {}, headers = {}) =>
  wharfage.call('POST', `/v2/subscriptions/${id}/${action}`, body, headers);
const linesOf = async (account: string): Promise<any[]> =>
  (await wharfage.ok('GET', `/v2/invoices?account=${account}`)).data.flatMap((invoice: any) => invoice.lines);

describe('a transition that a state does not know is refused, with a code, and changes nothing', () => {
  const FUTURE = '2026-03-01T00:00:00Z';
  test.each<[string, object, [string, object][], string, object, string]>([
    ['a trial is not paused', { plan: 'trial' }, [], 'pause', {}, 'pause_in_trial'],
    ['what has not started is not paused', { startsAt: FUTURE }, [], 'pause', {}, 'subscription_not_started'],
    ['what is paused is not paused again', {}, [['pause', {}]], 'pause', {}, 'already_paused'],
    ['what runs is not resumed', {}, [], 'resume', {}, 'not_paused'],
    ['what is in no trial has none extended', {}, [], 'extend-trial', { trialEndsAt: FUTURE }, 'not_in_trial'],
    ['what is to end is not canceled again', {}, [['cancel', {}]], 'cancel', {}, 'cancellation_already_scheduled'],
    ['what renews is not uncanceled', {}, [], 'uncancel', {}, 'nothing_scheduled'],
    ['nothing is discarded where nothing is scheduled', {}, [['cancel', {}]], 'discard-scheduled', {}, 'nothing_scheduled'],
    ['nothing happens after the end', {}, [['cancel', {}]], 'change-plan', { plan: 'large', when: FUTURE }, 'change_after_end'],
    ['the plan that is held is not changed to', {}, [], 'change-plan', { plan: 'small' }, 'plan_already_held'],
    ['a plan in another currency is not changed to', {}, [], 'change-plan', { plan: 'euro' }, 'currency_mismatch'],
    ['canceled is final: cancel', {}, [['cancel', { when: 'now' }]], 'cancel', {}, 'subscription_canceled'],
    ['canceled is final: uncancel', {}, [['cancel', { when: 'now' }]], 'uncancel', {}, 'subscription_canceled'],
    ['canceled is final: change-plan', {}, [['cancel', { when: 'now' }]], 'change-plan', { plan: 'large' }, 'subscription_canceled'],
    [
      'canceled is final: resume',
      {},
      [
        ['pause', {}],
        ['cancel', { when: 'now' }],
      ],
      'resume',
      {},
      'subscription_canceled',
    ],
  ])('%s', async (_name, start, before, action, body, code) => {
    const { account, id } = await subscribed(start);
    for (const [done, what] of before) expect(await act(id, done, what)).toMatchObject({ status: 200 });
    const was = await wharfage.ok('GET', `/v2/subscriptions/${id}`);
    const lines = await linesOf(account);
    expect(await act(id, action, body)).toMatchObject({ status: 409, body: { code } });
    expect(await wharfage.call('POST', `/v2/subscriptions/${id}/preview`, { action, ...body })).toMatchObject({
      status: 409,
      body: { code },
    });
    expect(await wharfage.ok('GET', `/v2/subscriptions/${id}`)).toEqual(was);
    expect(await linesOf(account)).toEqual(lines);
  });

  test.each<[string, string, object, string]>([
    ['a quantity of a price that there is not', 'change-quantity', { price: 'seat', quantity: 2 }, '/price'],
    ['a pause that ends before it begins', 'pause', { resumesAt: '2026-01-01T00:00:00Z' }, '/resumesAt'],
    ['a preview of nothing that can be done', 'preview', { action: 'explode' }, '/action'],
    ['a preview with a field that the action does not have', 'preview', { action: 'pause', plan: 'large' }, '/plan'],
  ])('%s is refused, and where it is wrong is said', async (_name, action, body, pointer) => {
    const { id } = await subscribed();
    expect(await act(id, action, body)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });
});

describe('overrides', () => {
  const price = (key: string, more: object = {}) => ({ key, kind: 'recurring', model: 'flat', amount: '1.00', ...more });
  test.each<[string, object, number, string]>([
    ['of a price that the plan does not have', { prices: [price('extra')] }, 400, '/overrides/prices/0/key'],
    ['by a price of another kind', { prices: [{ key: 'base', kind: 'one_time', amount: '1.00' }] }, 400, '/overrides/prices/0/key'],
    ['by a price below zero', { prices: [price('base', { amount: '-1.00' })] }, 400, '/overrides/prices/0/amount'],
    ['with a feature that there is not', { entitlements: { wings: { limit: 2 } } }, 422, '/overrides/entitlements/wings'],
    ['with a commitment that is no money', { minimumCommitment: '0.001' }, 400, '/overrides/minimumCommitment'],
  ])('%s are refused', async (_name, overrides, status, pointer) => {
    const { account, id } = await subscribed();
    const refused = { status, body: { errors: [{ pointer }] } };
    expect(await wharfage.call('POST', '/v2/subscriptions', { account, plan: 'large', overrides })).toMatchObject(refused);
    expect(await act(id, 'change-plan', { plan: 'small', anchor: 'reset', overrides })).toMatchObject(refused);
  });

  test('are shown, kept over versions of the plan, and dropped with it', async () => {
    const { id } = await subscribed({ overrides: { prices: [price('base')] } });
    const shown = async (): Promise<unknown> => (await wharfage.ok('GET', `/v2/subscriptions/${id}`)).overrides;
    expect(await shown()).toMatchObject({ prices: [{ key: 'base', amount: '1.00' }] });
    await act(id, 'change-plan', { plan: 'small', anchor: 'reset' });
    expect(await shown()).toMatchObject({ prices: [{ key: 'base', amount: '1.00' }] });
    await act(id, 'change-plan', { plan: 'large' });
    expect(await shown()).toBeNull();
  });
});

describe('add-ons', () => {
  test('one belongs to a subscription of the same account and interval, and is not added to itself', async () => {
    const { account, id } = await subscribed();
    const { id: other } = await subscribed();
    const add = (body: object) => wharfage.call('POST', '/v2/subscriptions', { account, plan: 'large', addOnTo: id, ...body });
    const refused = { status: 409, body: { code: 'add_on_refused' } };
    expect(await add({ addOnTo: other })).toMatchObject(refused);
    expect(await add({ plan: 'yearly' })).toMatchObject(refused);
    expect(await add({ startsAt: '2025-12-31T00:00:00Z' })).toMatchObject(refused);
    expect(await add({ trialDays: 3 })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/trialDays' }] } });
    const { id: addOn } = (await add({})).body;
    expect(await add({ addOnTo: addOn })).toMatchObject(refused);
    expect(await act(addOn, 'change-plan', { plan: 'yearly' })).toMatchObject(refused);
    expect(await act(id, 'change-plan', { plan: 'yearly' })).toMatchObject({ status: 409, body: { code: 'add_ons_share_interval' } });
    expect(await act(id, 'cancel', { when: 'now' })).toMatchObject({ status: 200 });
    expect(await wharfage.ok('GET', `/v2/subscriptions/${addOn}`)).toMatchObject({ status: 'canceled', addOnTo: id });
    expect((await wharfage.ok('GET', `/v2/subscriptions?account=${account}&status=canceled`)).data).toHaveLength(2);
  });
});

test('a scheduled change of interval is not discarded once an add-on has the new one', async () => {
  const { account, id } = await subscribed();
  expect(await act(id, 'change-plan', { plan: 'yearly', when: 'period_end' })).toMatchObject({ status: 200 });
  const { currentPeriod } = await wharfage.ok('GET', `/v2/subscriptions/${id}`);
  const { id: addOn } = await wharfage.ok('POST', '/v2/subscriptions', {
    account,
    plan: 'yearly',
    addOnTo: id,
    startsAt: currentPeriod.end,
  });
  const refused = { status: 409, body: { code: 'add_ons_share_interval' } };
  expect(await act(id, 'discard-scheduled', {})).toMatchObject(refused);
  expect(await act(id, 'change-plan', { plan: 'huge' })).toMatchObject(refused);
  expect(await act(addOn, 'cancel', { when: 'now' })).toMatchObject({ status: 200 });
  expect(await act(id, 'discard-scheduled', {})).toMatchObject({ status: 200 });
});

test('a cancellation of an add-on is not taken back once its subscription has another interval', async () => {
  const { account, id } = await subscribed();
  const { id: addOn } = await wharfage.ok('POST', '/v2/subscriptions', { account, plan: 'large', addOnTo: id });
  expect(await act(addOn, 'cancel', { when: 'period_end' })).toMatchObject({ status: 200 });
  expect(await act(id, 'change-plan', { plan: 'yearly', when: 'period_end' })).toMatchObject({ status: 200 });
  expect(await act(addOn, 'uncancel', {})).toMatchObject({ status: 409, body: { code: 'add_on_refused' } });
});

describe('concurrent changes', () => {
  test('of ten changes at once one wins, the others are told so, and nothing is charged twice', async () => {
    const { account, id } = await subscribed();
    const replies = await Promise.all(Array.from({ length: 10 }, () => act(id, 'change-plan', { plan: 'large' })));
    const won = replies.filter((reply) => reply.status === 200);
    const lost = replies.filter((reply) => reply.status !== 200);
    expect(won).toHaveLength(1);
    for (const reply of lost) {
      expect(reply.status).toBe(409);
      expect(['subscription_busy', 'plan_already_held']).toContain(reply.body.code);
    }
    expect((await linesOf(account)).map((line) => line.amount).sort()).toEqual(['-31.00', '31.00', '62.00']);
  });

  test('of different changes made with one ETag one wins, and the others must read again', async () => {
    const { id } = await subscribed();
    const { etag } = (await wharfage.call('GET', `/v2/subscriptions/${id}`)).headers;
    const bodies = ['large', 'huge', 'large', 'huge'];
    const replies = await Promise.all(bodies.map((key) => act(id, 'change-plan', { plan: key }, { 'if-match': etag ?? '' })));
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    for (const reply of replies.filter((one) => one.status !== 200)) expect([409, 412]).toContain(reply.status);
    expect(await act(id, 'pause', {}, { 'if-match': etag ?? '' })).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
  });
});

test('a list finds subscriptions by the state and the plan that they have now', async () => {
  const { account, id } = await subscribed();
  const states = async (): Promise<unknown[]> =>
    Promise.all(
      ['active', 'paused'].map(async (status) =>
        (await wharfage.ok('GET', `/v2/subscriptions?account=${account}&status=${status}`)).data.map((one: any) => one.id),
      ),
    );
  expect(await states()).toEqual([[id], []]);
  await act(id, 'pause', { resumesAt: '2026-01-09T00:00:00Z' });
  expect(await states()).toEqual([[], [id]]);
  await act(id, 'change-plan', { plan: 'large', when: 'period_end' });
  await act(id, 'discard-scheduled');
  await wharfage.travel('2026-02-02T00:00:00Z');
  expect(await states()).toEqual([[id], []]);
  expect((await wharfage.ok('GET', `/v2/subscriptions?account=${account}&plan=small`)).data).toHaveLength(1);
  expect((await wharfage.ok('GET', `/v2/subscriptions?account=${account}&plan=large`)).data).toHaveLength(0);
});

test('the timeline tells what happened, by whom, and why', async () => {
  const { account, id } = await subscribed();
  await act(id, 'pause', { reason: 'they asked for it' });
  await act(id, 'resume', {});
  const { data } = await wharfage.ok('GET', `/v2/accounts/${account}/timeline`);
  expect(data.map((entry: any) => entry.action)).toEqual(
    expect.arrayContaining(['account.created', 'subscription.started', 'subscription.paused', 'subscription.resumed', 'invoice.finalized']),
  );
  expect(data.find((entry: any) => entry.action === 'subscription.paused')).toMatchObject({
    reason: 'they asked for it',
    actorKind: 'api_key',
  });
  const actions = data.map((entry: any) => entry.action);
  expect(actions.indexOf('subscription.resumed')).toBeLessThan(actions.indexOf('subscription.paused'));
  expect(await wharfage.call('GET', '/v2/accounts/nobody/timeline')).toMatchObject({ status: 404 });
});

test('a time zone may change, and subscriptions keep theirs', async () => {
  const { account, id } = await subscribed();
  await wharfage.ok('PUT', `/v2/accounts/${account}`, { kind: 'user', name: account, currency: 'USD', timeZone: 'Asia/Tokyo' });
  expect(await wharfage.ok('GET', `/v2/subscriptions/${id}`)).toMatchObject({ timeZone: 'UTC' });
  const later = await wharfage.ok('POST', '/v2/subscriptions', { account, plan: 'large', alignment: 'calendar' });
  expect(later).toMatchObject({ timeZone: 'Asia/Tokyo' });
});

test('one plan has prices of every kind, and a year whose usage is billed by the month', async () => {
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
  await wharfage.ok(
    'PUT',
    '/v2/plans/all',
    plan('all', '0', {
      interval: { unit: 'year', count: 1 },
      prices: [
        { key: 'fee', kind: 'recurring', model: 'flat', amount: '365.00' },
        { key: 'seat', kind: 'recurring', model: 'per_unit', unitPrice: '12.00' },
        { key: 'care', kind: 'recurring', model: 'flat', amount: '24.00', billing: 'in_arrears' },
        { key: 'setup', kind: 'one_time', amount: '5.00' },
        { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.10', interval: month },
      ],
    }),
  );
  const { account, id } = await subscribed({ plan: 'all', quantities: { seat: 2 } });
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  await wharfage.report([{ id: account, source: 's', type: 'call', subject: account, time: now, data: { n: 30 } }]);
  await wharfage.travel('2026-05-05T00:00:00Z');
  await act(id, 'cancel', { when: 'now', proration: 'prorate' });
  const lines = (await wharfage.ok('GET', `/v2/invoices?account=${account}`)).data
    .reverse()
    .map((invoice: any) => invoice.lines.map((line: any) => `${String(line.price)} ${String(line.amount)}`));
  const days = (Date.parse('2026-05-05T00:00:00Z') - Date.parse(now)) / 86_400_000;
  const part = (whole: number): string => ((whole * days) / 365).toFixed(2);
  expect(lines[0]).toEqual(['fee 365.00', 'seat 24.00', 'setup 5.00']);
  expect(lines[1]).toEqual(['calls 3.00']);
  expect(lines[2]).toEqual([`care ${part(24)}`, `fee -${(365 - days).toFixed(2)}`, `seat -${(24 - Number(part(24))).toFixed(2)}`]);
});
