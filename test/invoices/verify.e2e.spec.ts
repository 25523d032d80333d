import { TestApp } from '../support/app.js';
import { commandHere } from '../support/command.js';
import { afterStory } from '../support/story.js';

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z' });
  await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.2', category: 'S', inclusive: false });
  const meter = { name: 'm', eventType: 'call', value: 'n' };
  await wharfage.ok('PUT', '/v2/meters/calls', { ...meter, aggregation: 'sum', groupBy: ['kind'] });
  await wharfage.ok('PUT', '/v2/meters/top', { ...meter, aggregation: 'max' });
  await wharfage.ok('PUT', '/v2/meters/nodes', {
    ...meter,
    eventType: 'node',
    aggregation: 'time_weighted',
    mode: 'level',
    resource: 'node',
    unit: 'hour',
  });
  await wharfage.ok('PUT', '/v2/plans/cloud', {
    name: 'Cloud',
    product: 'cloud',
    currency: 'USD',
    interval: { unit: 'month', count: 1 },
    prices: [
      { key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' },
      { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.10' },
      { key: 'nodes', kind: 'metered', meter: 'nodes', model: 'per_unit', unitPrice: '0.01', freeConcurrent: '1' },
    ],
  });
  for (const key of ['acme', 'bob']) {
    await wharfage.ok('PUT', `/v2/accounts/${key}`, {
      kind: 'user',
      name: key,
      currency: 'USD',
      timeZone: 'UTC',
      provider: 'manual',
      taxRates: ['vat'],
    });
    await wharfage.ok('POST', `/v2/accounts/${key}/credit-grants`, { amount: '5.00', kind: 'promotional' });
    await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'cloud' });
    await wharfage.travel('2026-01-01T00:01:00Z');
  }
  const at = (day: string, id: string, type: string, data: object) => ({ id, source: 's', type, time: `2026-01-${day}T10:00:00Z`, data });
  await wharfage.travel('2026-01-20T00:00:00Z');
  for (const subject of ['acme', 'bob'])
    await wharfage.report(
      [
        at('02', 'a', 'call', { n: 7, kind: 'x' }),
        at('02', 'b', 'call', { n: '2.50', kind: 'y' }),
        at('05', 'c', 'call', { n: 1 }),
        at('03', 'd', 'node', { n: 3, node: 'n1' }),
        at('09', 'e', 'node', { n: 0, node: 'n1' }),
      ].map((event) => ({ ...event, subject })),
    );
  const [{ data }] = [await wharfage.ok('GET', '/v2/usage/events?account=bob&source=s&id=c')];
  await wharfage.ok('POST', `/v2/usage/events/${String(data[0].eventId)}/void`, { reason: 'wrong' });
  await wharfage.travel('2026-02-02T00:00:00Z');
  const [{ number, amountDue }] = (await wharfage.ok('GET', '/v2/invoices?account=acme')).data;
  await wharfage.ok('POST', '/v2/payments', { invoice: number, amount: amountDue, method: 'wire' });
  await wharfage.travel('2026-02-02T00:05:00Z');
}, 60_000);
afterAll(() => wharfage.close());

const verify = async (...args: string[]): Promise<{ status: number | null; found: string[] }> => {
  const { status, told } = await commandHere(['verify', ...args], {
    DATABASE_URL: wharfage.url,
    TEST_CLOCK: 'on',
    LOG_LEVEL: 'silent',
    KEY_HASH_SECRET: 'a secret for tests, and for tests only',
  });
  return {
    status,
    found: told
      .split('\n')
      .filter((line) => !line.endsWith(': ok'))
      .slice(0, -1),
  };
};

/** As a superuser with the triggers off. */
async function tamper(statement: string): Promise<void> {
  const runner = wharfage.source.createQueryRunner();
  try {
    await runner.query('set session_replication_role = replica');
    await runner.query(statement);
    await runner.query('set session_replication_role = origin');
  } finally {
    await runner.release();
  }
}

test('nothing differs, as a whole and in part', async () => {
  await afterStory(wharfage);
  for (const args of [
    [],
    ['--usage'],
    ['--invoices'],
    ['--account', 'acme'],
    ['--from', '2026-02-01T00:00:00Z', '--to', '2026-03-01T00:00:00Z'],
  ])
    expect([args, await verify(...args)]).toEqual([args, { status: 0, found: [] }]);
});

const ACME = `account_id = (select id from account where key = 'acme')`;
const ANY_LINE = `(select id from invoice_line where ${ACME} and price = 'base' order by id limit 1)`;

test.each<[string, string, string, RegExp]>([
  [
    'an event',
    `update usage_event set data = data || '{"n": 8}' where ${ACME} and id = 'a'`,
    `update usage_event set data = data || '{"n": 7}' where ${ACME} and id = 'a'`,
    /^events: event s a of acme: it does not say what it said/m,
  ],
  [
    'a rollup',
    `update usage_rollup set total = total + 1 where ${ACME} and grp = '["x"]'`,
    `update usage_rollup set total = total - 1 where ${ACME} and grp = '["x"]'`,
    /^rollups: meter calls of acme in the hour of 2026-01-02T10:00:00Z \(x\): is 1 events, 1 numbers total 8, but should be 1 events, 1 numbers total 7/m,
  ],
  [
    'the sum of a level',
    `update usage_level_cell set moment = moment + 5 where ${ACME} and hour = '2026-01-03T10:00:00Z'`,
    `update usage_level_cell set moment = moment - 5 where ${ACME} and hour = '2026-01-03T10:00:00Z'`,
    /^rollups: meter nodes of acme in the hour of 2026-01-03T10:00:00Z: is jumps of 3 with moment 5/m,
  ],
  [
    'a line',
    `update invoice_line set amount_minor = amount_minor + 100 where ${ACME} and id = ${ANY_LINE}`,
    `update invoice_line set amount_minor = amount_minor - 100 where ${ACME} and id = ${ANY_LINE}`,
    /^documents: \S+: its subtotal is 31.00, but its lines come to 32.00/m,
  ],
  [
    'a tax',
    `update invoice set tax_minor = tax_minor + 1, total_minor = total_minor + 1, due_minor = due_minor + 1 where ${ACME} and n = 1`,
    `update invoice set tax_minor = tax_minor - 1, total_minor = total_minor - 1, due_minor = due_minor - 1 where ${ACME} and n = 1`,
    /^documents: \S+: its tax is 6.21, but its lines come to 6.20/m,
  ],
  [
    'a snapshot',
    `update invoice set snapshot = jsonb_set(snapshot, '{buyer,name}', '"eve"') where ${ACME} and n = 1`,
    `update invoice set snapshot = jsonb_set(snapshot, '{buyer,name}', '"acme"') where ${ACME} and n = 1`,
    /^documents: \S+: seller, buyer, plans or taxes are not what it was issued with/m,
  ],
  [
    'a posting',
    `update posting set amount_minor = amount_minor + 1 where ${ACME} and ledger_account = 'cash'`,
    `update posting set amount_minor = amount_minor - 1 where ${ACME} and ledger_account = 'cash'`,
    /^entries balance: je_/m,
  ],
  [
    'the chain',
    `update journal_seal set hash = repeat('0', 64) where ${ACME} and seq = (select min(seq) from journal_seal where ${ACME})`,
    '',
    /^chain: /m,
  ],
  [
    'a number',
    `update invoice_number set n = 1000 where ${ACME} and n = 1`,
    `update invoice_number set n = 1 where ${ACME} and n = 1000`,
    /^numbers: series \S+: is at /m,
  ],
  [
    'a payment',
    `update payment set amount_minor = amount_minor + 1 where ${ACME}`,
    `update payment set amount_minor = amount_minor - 1 where ${ACME}`,
    /^payments: /m,
  ],
  [
    'a grant',
    `update credit_grant set amount_minor = amount_minor + 1 where ${ACME}`,
    `update credit_grant set amount_minor = amount_minor - 1 where ${ACME}`,
    /^grant entries: grant_\w+: 0.00 is left of it, but its amount and its entries leave 0.01/m,
  ],
])('%s is changed: it is named', async (_what, change, undo, told) => {
  const before =
    undo === '' ? await wharfage.source.query(`select seq::text, hash from journal_seal where ${ACME} order by seq limit 1`) : [];
  await tamper(change);
  const { status, found } = await verify();
  expect(found.join('\n')).toMatch(told);
  expect(status).toBe(1);
  await tamper(undo === '' ? `update journal_seal set hash = '${String(before[0].hash)}' where seq = ${String(before[0].seq)}` : undo);
  expect(await verify()).toEqual({ status: 0, found: [] });
});
