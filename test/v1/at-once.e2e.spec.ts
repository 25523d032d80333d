import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
const month = { unit: 'month', count: 1 };
const flat = (amount: string) => [{ key: 'base', kind: 'recurring', model: 'flat', amount }];

beforeAll(async () => {
  wharfage = await TestApp.start();
  for (const [key, amount] of Object.entries({ small: '12.00', large: '50.00' }))
    await wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: 'hub', currency: 'USD', interval: month, prices: flat(amount) });
}, 30_000);
afterAll(async () => {
  await afterStory(wharfage);
  await wharfage.close();
});

const atOnce = (method: 'POST' | 'PUT', code: string, body: object) =>
  Promise.all(Array.from({ length: 6 }, () => wharfage.call(method, `/v1/accounts/${code}/subscription`, body)));
const statuses = (replies: readonly { status: number }[]): number[] => replies.map(({ status }) => status).sort();

test('of several who subscribe an account at once one does, and the account is billed once', async () => {
  await wharfage.ok('PUT', '/v1/accounts/acme', { type: 'user' });
  const replies = await atOnce('POST', 'acme', { plan_code: 'small' });
  expect(statuses(replies)).toEqual([201, 409, 409, 409, 409, 409]);
  expect(replies.filter(({ status }) => status === 409).map(({ body }) => body.code)).toEqual(Array(5).fill('subscription_exists'));
  expect((await wharfage.ok('GET', '/v2/subscriptions?account=acme')).data).toHaveLength(1);
  expect((await wharfage.ok('GET', '/v2/invoices?account=acme')).data.map((invoice: any) => invoice.total)).toEqual(['12.00']);
});

test('the same change of plan, asked for several times at once, is made once', async () => {
  await wharfage.ok('PUT', '/v1/accounts/beta', { type: 'user' });
  await wharfage.ok('POST', '/v1/accounts/beta/subscription', { plan_code: 'small' });
  expect(statuses(await atOnce('PUT', 'beta', { plan_code: 'large' }))).toEqual(Array(6).fill(200));
  const { data } = await wharfage.ok('GET', '/v2/invoices?account=beta');
  expect(data.map((invoice: any) => invoice.total)).toEqual(['38.00', '12.00']);
});

test('what another changes of an account meanwhile is not written over', async () => {
  await wharfage.ok('PUT', '/v2/accounts/gamma', { kind: 'user', name: 'gamma', currency: 'USD' });
  const other = wharfage.source.createQueryRunner();
  await other.startTransaction();
  await other.query(`update account set metadata = '{"crm": "17"}' where key = 'gamma'`);
  const renamed = wharfage.ok('PUT', '/v1/accounts/gamma', { type: 'user', company_name: 'Gamma' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await other.commitTransaction();
  await other.release();
  await renamed;
  expect(await wharfage.ok('GET', '/v2/accounts/gamma')).toMatchObject({ name: 'Gamma', metadata: { crm: '17' } });
});

test('an invoice of another product is not to be seen', async () => {
  const plan = { name: 'Cloud', product: 'cloud', currency: 'USD', interval: month, prices: flat('9.00') };
  await wharfage.ok('PUT', '/v2/plans/cloud', plan);
  await wharfage.ok('PUT', '/v1/accounts/delta', { type: 'user' });
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'delta', plan: 'cloud' });
  await wharfage.ok('POST', '/v1/accounts/delta/subscription', { plan_code: 'small' });
  const numbers: string[] = (await wharfage.ok('GET', '/v2/invoices?account=delta')).data.map((invoice: any) => invoice.number).sort();
  const [cloud, hub] = await Promise.all(numbers.map((number) => wharfage.call('GET', `/v1/invoices/${number}`)));
  expect([cloud?.status, cloud?.body.code, hub?.status]).toEqual([404, 'invoice_not_found', 200]);
  expect((await wharfage.ok('GET', '/v1/accounts/delta/invoices')).map((invoice: any) => invoice.invoice_number)).toEqual([numbers[1]]);
});
