import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountIdFor } from '../../src/common/ids.js';
import { formatInstant } from '../../src/domain/instant.js';
import { TestApp } from '../support/app.js';
import { commandHere, commandProcess, type Ran } from '../support/command.js';
import { afterStory } from '../support/story.js';

const COUNT = Number(process.env['IMPORT_COUNT'] ?? 2_000);
const DIR = mkdtempSync(join(process.env['TEST_RUN_DIR'] ?? '', 'import-'));

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-01-15T00:00:00Z' });
  const base = { product: 'hub', currency: 'USD', interval: { unit: 'month', count: 1 } };
  await wharfage.ok('PUT', '/v2/plans/small', {
    ...base,
    name: 'Small',
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '31.00' }],
  });
  await wharfage.ok('PUT', '/v2/plans/seats', {
    ...base,
    name: 'Seats',
    prices: [{ key: 'seat', kind: 'recurring', model: 'per_unit', unitPrice: '2.00' }],
  });
}, 30_000);
afterAll(() => wharfage.close());

const settings = () => ({
  DATABASE_URL: wharfage.url,
  LOG_LEVEL: 'silent',
  TEST_CLOCK: 'on',
  KEY_HASH_SECRET: 'a secret for tests, and for tests only',
  USAGE_GRACE_MINUTES: '0',
});
const run = (what: string, file: string, ...options: string[]): Promise<Ran> => commandHere(['import', what, file, ...options], settings());

function write(name: string, lines: readonly string[]): string {
  const path = join(DIR, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const invoices = async (account: string): Promise<any[]> => (await wharfage.ok('GET', `/v2/invoices?account=${account}`)).data.reverse();

test('accounts move in from CSV with their balance and payment method, each line judged by itself', async () => {
  const file = write('accounts.csv', [
    '\uFEFFkey,kind,name,currency,timeZone,address.line1,address.city,address.country,provider,providerCustomer,providerMethod,openingBalance',
    'acme,organization,"Acme, Inc.",USD,Europe/Paris,Rue 1,Paris,FR,sandbox,cus_1,sandbox_ok,12.50',
    'bad key,user,Bad,USD,,,,,,,,',
    'poor,user,Poor,USD,,,,,,,,-1.00',
    'short,user',
    'plain,user,Plain,USD,,,,,,,,',
  ]);
  const dry = await run('accounts', file, '--dry-run');
  expect(dry).toMatchObject({ status: 1, told: '5 lines: 2 created, 0 changed, 0 unchanged, 3 refused (nothing was stored)' });
  expect(await wharfage.call('GET', '/v2/accounts/acme')).toMatchObject({ status: 404 });
  const first = await run('accounts', file);
  expect(first).toMatchObject({ status: 1, told: '5 lines: 2 created, 0 changed, 0 unchanged, 3 refused' });
  expect(first.errors.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
    'line 3: /key invalid_key',
    'line 4: /openingBalance out_of_bounds',
    'line 5: unreadable',
  ]);
  expect(await wharfage.ok('GET', '/v2/accounts/acme')).toMatchObject({
    name: 'Acme, Inc.',
    timeZone: 'Europe/Paris',
    address: { city: 'Paris' },
  });
  expect(await wharfage.ok('GET', '/v2/accounts/acme/balance')).toMatchObject({ balance: '12.50' });
  expect((await wharfage.ok('GET', '/v2/accounts/acme/payment-methods')).data).toHaveLength(1);
  expect(await run('accounts', file)).toMatchObject({ told: '5 lines: 0 created, 0 changed, 2 unchanged, 3 refused' });
  const other = write('other.jsonl', [
    JSON.stringify({ key: 'acme', kind: 'organization', name: 'Acme', currency: 'USD', openingBalance: '99.00' }),
  ]);
  expect((await run('accounts', other)).errors[0]).toContain('opening_balance_fixed');
}, 60_000);

describe('a file that is not what it should be', () => {
  const raw = (name: string, bytes: string | Buffer): string => {
    const path = join(DIR, name);
    writeFileSync(path, bytes);
    return path;
  };
  const HEADER = 'key,kind,name,currency';

  test.each<[string, string, string | Buffer, RegExp]>([
    ['nothing', 'empty.csv', '', /is empty/],
    ['blank lines', 'blank.jsonl', '\n \n', /is empty/],
    ['a header of other fields', 'other.csv', 'reference;account\nx;y\n', /names none of the fields key, /],
    ['a field that is named twice', 'twice.csv', `${HEADER},key\nx,user,X,USD,y\n`, /"key" twice/],
    ['a field that leads into another column', 'into.csv', `${HEADER},address,address.city\nx,user,X,USD,y,z\n`, /"address.city" twice/],
    ['a name that is reserved', 'proto.csv', `${HEADER},__proto__.x\nx,user,X,USD,y\n`, /__proto__/],
    ['bytes', 'bytes.csv', Buffer.from([0x89, 0x50, 0xff, 0x00, 0x0a]), /no text in UTF-8/],
    ['text in another encoding', 'latin.csv', Buffer.from(`${HEADER}\nx,user,M\u00fcller,USD\n`, 'latin1'), /no text in UTF-8/],
  ])(
    'is told in one sentence, and nothing is taken in: %s',
    async (_what, name, bytes, told) => {
      const ran = await run('accounts', raw(name, bytes));
      expect(ran).toMatchObject({ status: 1, told: '' });
      expect(ran.errors).toHaveLength(1);
      expect(ran.errors[0]).toMatch(told);
      expect(await wharfage.call('GET', '/v2/accounts/x')).toMatchObject({ status: 404 });
    },
    30_000,
  );

  test('a quote that is not closed ends the reading, with its line; the lines before it are taken in', async () => {
    const file = raw(
      'quote.csv',
      `${HEADER}\nquote-1,user,One,USD\nquote-2,user,"Two\nlines",USD\nquote-3,user,"Three,USD\nquote-4,user,Four,USD\n`,
    );
    const ran = await run('accounts', file);
    expect(ran).toMatchObject({ status: 1, told: '3 lines: 2 created, 0 changed, 0 unchanged, 1 refused' });
    expect(ran.errors).toEqual([expect.stringMatching(/^line 5: unreadable: A quote is opened/)]);
    const long = raw('long.csv', `${HEADER}\nlong-1,user,One,USD\nlong-2,user,"${'x'.repeat(200_000)}\n`);
    expect((await run('accounts', long)).errors).toEqual([expect.stringMatching(/^line 3: unreadable: .*65536 bytes/)]);
  }, 30_000);

  test('what it says twice is taken once, and the same file again changes nothing', async () => {
    const file = raw('double.csv', `${HEADER}\ndouble,user,First,USD\nsingle,user,Single,USD\ndouble,user,Second,USD\n`);
    const state = async (): Promise<unknown> => [
      await wharfage.ok('GET', '/v2/accounts/double'),
      await wharfage.source.query('select count(*) from audit_entry'),
    ];
    expect(await run('accounts', file)).toMatchObject({
      status: 1,
      told: '3 lines: 2 created, 0 changed, 0 unchanged, 1 refused',
      errors: ['line 4: given_twice: The key "double" is that of line 2: keep one of the two lines.'],
    });
    const before = await state();
    expect(before).toMatchObject([{ name: 'First' }, {}]);
    expect(await run('accounts', file)).toMatchObject({ told: '3 lines: 0 created, 0 changed, 2 unchanged, 1 refused' });
    expect(await state()).toEqual(before);
    const line = {
      reference: 'd-1',
      account: 'double',
      plan: 'small',
      anchorAt: '2026-01-01T00:00:00Z',
      paidThrough: '2026-02-01T00:00:00Z',
    };
    const subscriptions = raw(
      'double.jsonl',
      [line, { ...line, account: 'single' }, { ...line, reference: 'd-2', account: 'single' }].map((one) => JSON.stringify(one)).join('\n'),
    );
    expect(await run('subscriptions', subscriptions)).toMatchObject({
      told: '3 lines: 2 created, 0 changed, 0 unchanged, 1 refused',
      errors: ['line 2: given_twice: The reference "d-1" is that of line 1: keep one of the two lines.'],
    });
  }, 60_000);
});

test('a subscription is not charged before its paid-through date, and what is unused of it comes back', async () => {
  await wharfage.ok('PUT', '/v2/accounts/moved', { kind: 'user', name: 'Moved', currency: 'USD' });
  const line = {
    reference: 'old-1',
    account: 'moved',
    plan: 'small',
    anchorAt: '2024-07-01T00:00:00Z',
    paidThrough: '2026-02-01T00:00:00Z',
  };
  const file = write('one.jsonl', [JSON.stringify(line)]);
  expect(await run('subscriptions', file)).toMatchObject({ status: 0, told: '1 lines: 1 created, 0 changed, 0 unchanged, 0 refused' });
  expect(await run('subscriptions', file)).toMatchObject({ told: '1 lines: 0 created, 0 changed, 1 unchanged, 0 refused' });
  const changed = write('changed.jsonl', [JSON.stringify({ ...line, plan: 'seats' })]);
  expect((await run('subscriptions', changed)).errors[0]).toContain('imported_otherwise');
  const [{ id }] = (await wharfage.ok('GET', '/v2/subscriptions?account=moved')).data;
  expect(await wharfage.ok('GET', `/v2/subscriptions/${String(id)}`)).toMatchObject({
    currentPeriod: { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' },
    paidThrough: '2026-02-01T00:00:00Z',
  });
  await wharfage.travel('2026-01-21T00:00:00Z');
  expect(await invoices('moved')).toEqual([]);
  const preview = await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/preview`, {
    action: 'change-plan',
    plan: 'seats',
    quantities: { seat: 31 },
  });
  await wharfage.ok('POST', `/v2/subscriptions/${String(id)}/change-plan`, { plan: 'seats', quantities: { seat: 31 } });
  expect((await invoices('moved')).map((invoice) => invoice.total)).toEqual(['11.00']); // 22.00 for 11 days less 11.00 that were paid elsewhere
  expect(preview.dueNow.total).toBe('11.00');
  await wharfage.travel('2026-02-02T00:00:00Z');
  expect((await invoices('moved')).map((invoice) => invoice.total)).toEqual(['11.00', '62.00']);
}, 60_000);

test(`${String(COUNT)} subscriptions with 1 % bad lines: all the others move in, once, and are charged when what was paid for is over`, async () => {
  const keys = Array.from({ length: COUNT }, (_, i) => `many-${String(i)}`);
  const key = (i: number): string => keys[i] ?? '';
  await wharfage.source.query(
    `insert into account (id, key, kind, name, currency, time_zone, provider, created_at, updated_at)
     select id, key, 'user', key, 'USD', 'UTC', 'manual', now(), now() from unnest($1::uuid[], $2::text[]) as a(id, key)`,
    [keys.map((one) => accountIdFor(one)), keys],
  );
  const isBad = (i: number): boolean => i % 100 === 7;
  const lines = keys.map((account, i) => {
    const day = String(1 + (i % 28)).padStart(2, '0');
    const good = {
      reference: `ref-${String(i)}`,
      account,
      plan: 'small',
      anchorAt: `2023-03-${day}T00:00:00Z`,
      paidThrough: `2026-03-${day}T00:00:00Z`,
    };
    if (!isBad(i)) return JSON.stringify(good);
    return (
      [JSON.stringify({ ...good, account: 'nobody' }), JSON.stringify({ ...good, plan: 'nothing' }), '{"reference": '][
        Math.floor(i / 100) % 3
      ] ?? ''
    );
  });
  const file = write('many.jsonl', lines);
  const bad = keys.flatMap((_key, i) => (isBad(i) ? [i + 1] : []));
  const good = COUNT - bad.length;
  const first = await commandProcess(['import', 'subscriptions', file], settings());
  expect(first).toMatchObject({
    status: 1,
    told: `${String(COUNT)} lines: ${String(good)} created, 0 changed, 0 unchanged, ${String(bad.length)} refused`,
  });
  expect(first.errors.map((line) => Number(/^line (\d+):/.exec(line)?.[1]))).toEqual(bad);
  const facts = (): Promise<unknown> => wharfage.source.query('select count(*), max(recorded_at) from subscription_change');
  const before = await facts();
  expect(await run('subscriptions', file)).toMatchObject({
    told: `${String(COUNT)} lines: 0 created, 0 changed, ${String(good)} unchanged, ${String(bad.length)} refused`,
  });
  expect(await facts()).toEqual(before);
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  expect(await wharfage.ok('POST', '/v2/bill-runs', { asOf: now })).toMatchObject({ invoices: 0 });
  await wharfage.travel('2026-03-29T00:00:00Z');
  const billed: { key: string; at: bigint; n: bigint; due: bigint; total: string }[] = await wharfage.source.query(
    `select a.key, min(i.as_of) as at, count(*) as n, sum(i.total_minor)::text as total from invoice i join account a on a.id = i.account_id
     where a.key like 'many-%' group by a.key`,
  );
  expect(billed).toHaveLength(good);
  for (const row of billed) {
    const i = Number(row.key.slice('many-'.length));
    expect([row.key, formatInstant(row.at), row.n, row.total]).toEqual([
      key(i),
      `2026-03-${String(1 + (i % 28)).padStart(2, '0')}T00:00:00Z`,
      1n,
      '3100',
    ]);
  }
  await afterStory(wharfage);
}, 600_000);
