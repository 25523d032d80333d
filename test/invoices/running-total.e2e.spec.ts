import { TestApp } from '../support/app.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeEach(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/meters/node-hours', {
    name: 'Node hours',
    eventType: 'node.state',
    aggregation: 'time_weighted',
    value: 'nodes',
    resource: 'node',
    mode: 'level',
    unit: 'hour',
  });
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n', groupBy: ['region'] });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC' });
}, 30_000);
afterEach(async () => {
  try {
    await afterStory(wharfage);
  } finally {
    await wharfage.close();
  }
});

const month = { unit: 'month', count: 1 };
const plan = (key: string, prices: readonly object[], more: object = {}) =>
  wharfage.ok('PUT', `/v2/plans/${key}`, { name: key, product: 'cloud', currency: 'USD', interval: month, prices, ...more });
const subscribe = (body: object) => wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', ...body });
const running = () => wharfage.ok('GET', '/v2/accounts/acme/usage');
const upcoming = async () => (await wharfage.ok('GET', '/v2/accounts/acme/upcoming-invoice')).nextInvoice;
const invoices = async (): Promise<any[]> => (await wharfage.ok('GET', '/v2/invoices?account=acme&limit=200')).data.reverse();

let id = 0;
const nodes = (time: string, n: number, node = 'n1') => ({
  id: String((id += 1)),
  source: 's',
  type: 'node.state',
  subject: 'acme',
  time,
  data: { node, nodes: n },
});
const calls = (time: string, n: number, region: string) => ({
  id: String((id += 1)),
  source: 's',
  type: 'call',
  subject: 'acme',
  time,
  data: { n, region },
});

const NODES = { key: 'nodes', kind: 'metered', meter: 'node-hours', model: 'per_unit', unitPrice: '0.50', freeConcurrent: '1' };
const CALLS = { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.333', groupBy: ['region'] };

test('what was used so far, and its cost, grow from hour to hour until they are the invoice', async () => {
  await plan('cloud', [{ key: 'base', kind: 'recurring', model: 'flat', amount: '9.00' }, NODES, CALLS]);
  const { id: subscription } = await subscribe({ plan: 'cloud' });
  expect(await running()).toMatchObject({ total: '0.00', currency: 'USD', data: [{ price: 'nodes', quantity: '0', amount: '0.00' }] });
  await wharfage.travel('2026-01-11T00:00:00Z');
  await wharfage.report([nodes('2026-01-10T00:00:00Z', 3), calls('2026-01-10T00:00:00Z', 2, 'eu'), calls('2026-01-10T00:00:00Z', 5, 'us')]);
  const first = await running();
  expect(first).toMatchObject({ account: 'acme', asOf: '2026-01-11T00:00:00Z', total: '26.34', commitments: [] });
  const servicePeriod = { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' };
  const common = { subscription, plan: 'cloud', planVersion: 1, minimum: null, servicePeriod };
  expect(first.data).toMatchObject([
    { ...common, price: 'nodes', meter: 'node-hours', quantity: '72', billable: '48', amount: '24.00', groups: null, unitPrice: '0.50' },
    { ...common, price: 'calls', meter: 'calls', quantity: '2', billable: '2', amount: '0.67', groups: { region: 'eu' } },
    { ...common, price: 'calls', quantity: '5', billable: '5', amount: '1.67', groups: { region: 'us' } },
  ]);
  await wharfage.travel('2026-01-11T02:00:00Z');
  expect(await running()).toMatchObject({ total: '28.34' }); // two more nodes for two hours
  await wharfage.report([nodes('2026-01-11T02:00:00Z', 0)]);
  await wharfage.travel('2026-01-31T23:59:59.999999Z');
  const last = await running();
  await wharfage.travel('2026-02-01T00:00:00Z');
  const lines = (await invoices())[1].lines.filter((line: any) => line.kind === 'metered');
  const comparable = (all: any[]) =>
    all
      .map(({ price, quantity, amount, breakdown, groups, servicePeriod: period }) => ({
        price,
        quantity,
        amount,
        breakdown,
        groups,
        period,
      }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  expect(comparable(last.data)).toEqual(comparable(lines));
  expect(await running()).toMatchObject({ total: '0.00', data: [{ servicePeriod: { start: '2026-02-01T00:00:00Z' } }] });
});

test('a minimum and a commitment stand beside the amount, and nothing is metered in a trial or after the end', async () => {
  await plan('least', [{ ...NODES, freeConcurrent: undefined, minimum: '31.00' }], { trialDays: 10, minimumCommitment: '62.00' });
  const { id: subscription } = await subscribe({ plan: 'least' });
  expect(await running()).toMatchObject({ data: [], commitments: [], total: '0.00' });
  await wharfage.travel('2026-01-11T01:00:00Z');
  await wharfage.report([nodes('2026-01-11T00:00:00Z', 2), nodes('2026-01-11T01:00:00Z', 0)]);
  expect(await running()).toMatchObject({
    data: [{ quantity: '2', amount: '1.00', minimum: '31.00', servicePeriod: { start: '2026-01-11T00:00:00Z' } }],
    commitments: [{ subscription, commitment: '62.00', missing: '61.00', servicePeriod: { end: '2026-02-11T00:00:00Z' } }],
    total: '1.00',
  });
  await wharfage.ok('POST', `/v2/subscriptions/${subscription}/cancel`, { when: 'now' });
  expect(await running()).toMatchObject({ data: [], total: '0.00' });
});

test('a change of plan that is to come cuts the period, and its free units with it', async () => {
  await plan('few', [{ ...NODES, freeConcurrent: undefined, freeUnits: '31' }]);
  await plan('many', [{ ...NODES, freeConcurrent: undefined, unitPrice: '0.10' }]);
  const { id: subscription } = await subscribe({ plan: 'few' });
  await wharfage.ok('POST', `/v2/subscriptions/${subscription}/change-plan`, { plan: 'many', when: '2026-01-11T00:00:00Z' });
  await wharfage.report([nodes('2026-01-01T00:00:00Z', 1)]);
  await wharfage.travel('2026-01-02T00:00:00Z');
  expect((await running()).data).toMatchObject([
    { plan: 'few', quantity: '24', billable: '14', amount: '7.00', servicePeriod: { end: '2026-01-11T00:00:00Z' } },
  ]);
  await wharfage.travel('2026-01-11T01:00:00Z');
  expect((await running()).data).toMatchObject([{ plan: 'many', quantity: '1', amount: '0.10' }]);
});

test('the upcoming invoice is the one that comes, if nothing changes', async () => {
  expect(await upcoming()).toBeNull();
  await plan('cloud', [{ key: 'base', kind: 'recurring', model: 'flat', amount: '9.00' }, NODES]);
  await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20', category: 'S', inclusive: false });
  await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'Acme', currency: 'USD', timeZone: 'UTC', taxRates: ['vat'] });
  const { id: subscription } = await subscribe({ plan: 'cloud' });
  await wharfage.report([nodes('2026-01-01T00:00:00Z', 2)]);
  await wharfage.travel('2026-01-11T00:00:00Z');
  const foreseen = await upcoming();
  expect(foreseen).toMatchObject({ at: '2026-02-01T00:00:00Z', subtotal: '381.00', tax: '76.20', total: '457.20' });
  const stored = await invoices();
  await wharfage.travel('2026-02-01T00:00:00Z');
  const [, next] = await invoices();
  expect(stored).toHaveLength(1);
  const { lines, at, ...amounts } = foreseen;
  expect(next).toMatchObject({ asOf: at, ...amounts });
  expect(next.lines).toMatchObject(lines.map(({ id: _id, ...line }: any) => line));
  await wharfage.ok('POST', `/v2/subscriptions/${subscription}/cancel`, { when: 'period_end' });
  expect(await upcoming()).toMatchObject({ at: '2026-03-01T00:00:00Z', lines: [{ kind: 'metered' }] });
});

test('both ask for a key that may read them, and for an account that is there', async () => {
  for (const path of ['usage', 'upcoming-invoice']) {
    expect(await wharfage.call('GET', `/v2/accounts/nobody/${path}`)).toMatchObject({ status: 404, body: { code: 'account_not_found' } });
    const { key } = await wharfage.ok('POST', '/v2/api-keys', { name: 'test', scopes: ['accounts:*'] });
    expect(await wharfage.send('GET', `/v2/accounts/acme/${path}`, { headers: { authorization: `Bearer ${String(key)}` } })).toMatchObject({
      status: 403,
    });
  }
});
