import fc from 'fast-check';
import { accountIdFor } from '../../src/common/ids.js';
import { Database } from '../../src/common/database/database.js';
import { prepare } from '../../src/domain/billing/bill.js';
import { DAY, formatInstant, HOUR, type Instant, MINUTE, parseInstant } from '../../src/domain/instant.js';
import { LoadFacts } from '../../src/invoices/load-facts.js';
import { TestApp } from '../support/app.js';

const LIVES = Number(process.env['PROPERTY_RUNS'] ?? 4);
const START = parseInstant('2024-01-10T10:17:33Z');

let wharfage: TestApp;
let now = START;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: formatInstant(START), env: { BILLING_AUTO: 'off' } });
  const meter = { name: 'm', eventType: 'call', value: 'n' };
  await wharfage.ok('PUT', '/v2/meters/calls', { ...meter, aggregation: 'sum', groupBy: ['region'] });
  await wharfage.ok('PUT', '/v2/meters/top', { ...meter, aggregation: 'max' });
  await wharfage.ok('PUT', '/v2/meters/who', { ...meter, aggregation: 'unique' });
  const level = { eventType: 'node', aggregation: 'time_weighted', value: 'n', resource: 'node', mode: 'level', unit: 'hour' };
  await wharfage.ok('PUT', '/v2/meters/nodes', { name: 'm', ...level });
  const metered = (key: string, unitPrice: string, more: object = {}) => ({
    key,
    kind: 'metered',
    meter: key,
    model: 'per_unit',
    unitPrice,
    ...more,
  });
  const base = { product: 'p', currency: 'USD', interval: { unit: 'month', count: 1 } };
  await wharfage.ok('PUT', '/v2/plans/one', {
    ...base,
    name: 'One',
    minimumCommitment: '3.00',
    prices: [
      { key: 'base', kind: 'recurring', model: 'flat', amount: '9.00' },
      metered('calls', '0.07', { groupBy: ['region'] }),
      metered('nodes', '0.013', { freeConcurrent: '1' }),
      metered('top', '0.50'),
    ],
  });
  await wharfage.ok('PUT', '/v2/plans/two', {
    ...base,
    name: 'Two',
    prices: [
      { key: 'base', kind: 'recurring', model: 'flat', amount: '19.00', billing: 'in_arrears' },
      metered('calls', '0.05', { minimum: '2.00' }),
      metered('nodes', '0.013', { freeConcurrent: '1' }),
      metered('who', '0.11'),
    ],
  });
}, 30_000);
afterAll(() => wharfage.close());

const call = (id: string, subject: string, time: Instant, n: number, type = 'call') => ({
  id,
  source: 's',
  type,
  subject,
  time: formatInstant(time),
  data: { n, node: 'a', region: n % 2 === 0 ? 'eu' : 'us' },
});

const run = () => wharfage.ok('POST', '/v2/bill-runs', { asOf: formatInstant(now) });

const travel = async (to: Instant): Promise<void> => {
  now = to;
  await wharfage.travel(formatInstant(to));
};

/** Lets the next run recompute everything that was ever billed to an account. */
const unsettle = (account: string) =>
  wharfage.source.query('update billing_state set settled_through = null where account_id = $1', [accountIdFor(account)]);

const settledThrough = async (account: string): Promise<Instant> => {
  const [row] = await wharfage.source.query<{ at: Instant }[]>('select settled_through as at from billing_state where account_id = $1', [
    accountIdFor(account),
  ]);
  return row!.at;
};

/** What was billed, invoice by invoice, in words. */
const billed = async (account: string): Promise<string[][]> =>
  (await wharfage.ok('GET', `/v2/invoices?account=${account}&limit=200`)).data
    .reverse()
    .map((invoice: any) => [
      invoice.asOf,
      invoice.total,
      ...invoice.lines.map((line: any) =>
        [line.kind, line.plan, line.price, line.amount, line.quantity, line.servicePeriod.start, line.servicePeriod.end].join(' '),
      ),
    ]);

const subscribed = async (account: string, more: object = {}): Promise<string> => {
  await wharfage.ok('PUT', `/v2/accounts/${account}`, { kind: 'user', name: account, currency: 'USD', timeZone: 'Europe/Paris' });
  return (await wharfage.ok('POST', '/v2/subscriptions', { account, plan: 'one', ...more })).id;
};

type Step = Readonly<{ act: string; gapHours: number; backHours: number; n: number; runs: number }>;
const anyStep: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom(
    'report',
    'report',
    'report',
    'void',
    'replace',
    'backfill',
    'revert',
    'plan',
    'quantity',
    'pause',
    'cancel',
    'none',
  ),
  gapHours: fc.oneof(fc.nat(30), fc.integer({ min: 200, max: 900 })),
  backHours: fc.oneof(fc.nat(100), fc.nat(3_000)),
  n: fc.nat(40),
  runs: fc.constantFrom(0, 1, 1, 2),
});

let life = 0;

test('an account that settles is billed what one is billed that is recomputed as a whole by every run', async () => {
  let invoices = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 14, maxLength: 18 }), async (steps) => {
      life += 1;
      const born = now;
      const accounts = [`settles-${String(life)}`, `whole-${String(life)}`];
      const subscriptions = new Map<string, string>();
      for (const account of accounts) subscriptions.set(account, await subscribed(account));
      let events: string[] = [];
      let backfills: string[][] = [];
      for (const [i, step] of steps.entries()) {
        await travel(now + BigInt(step.gapHours) * HOUR + BigInt(step.n) * MINUTE);
        const time = [now - BigInt(step.backHours) * HOUR - 1n, born].reduce((a, b) => (a > b ? a : b));
        const made: string[] = [];
        for (const account of accounts) {
          const reply = await act(step, {
            account,
            time,
            i,
            subscription: subscriptions.get(account)!,
            events,
            backfill: backfills.at(-1),
          });
          made.push(reply);
        }
        if (step.act === 'report') events = [...events, `e${String(i)}`, `f${String(i)}`];
        if (step.act === 'replace' || step.act === 'void') events = events.slice(1);
        if (step.act === 'backfill') backfills = [...backfills, made];
        if (step.act === 'revert') backfills = backfills.slice(0, -1);
        for (let times = 0; times < step.runs; times += 1) {
          await unsettle(accounts[1]!);
          expect(await run()).toMatchObject({ parked: 0 });
        }
      }
      for (const days of [31n, 1n, 62n]) {
        await travel(now + days * DAY);
        await unsettle(accounts[1]!);
        expect(await run()).toMatchObject({ parked: 0 });
      }
      const [settles, whole] = [await billed(accounts[0]!), await billed(accounts[1]!)];
      invoices += settles.length;
      expect(settles).toEqual(whole);
      expect(await run()).toMatchObject({ invoices: 0 });
    }),
    { numRuns: LIVES, endOnFailure: true }, // a smaller case takes as long as this one
  );
  expect(invoices).toBeGreaterThan(LIVES); // who cancels at once is billed nothing
}, 240_000);

/** Nothing falls due any more for the accounts that there are. */
const retire = () => wharfage.source.query('update billing_state set next_due = null');

/** Brings an account's next run forward to now. */
const dueNow = (account: string) =>
  wharfage.source.query('update billing_state set next_due = $2 where account_id = $1', [accountIdFor(account), formatInstant(now)]);

test('what ended is settled by the run after the one that billed it, and unsettled by what comes late or is backdated', async () => {
  const account = 'story';
  await retire();
  await travel(parseInstant('2040-01-01T00:00:00Z'));
  const id = await subscribed(account, { plan: 'two' });
  const [first, second] = [parseInstant('2040-02-01T00:00:00Z'), parseInstant('2040-03-01T00:00:00Z')];
  await travel(first - HOUR);
  await wharfage.report([call('a', account, now - DAY, 100)]);
  await travel(first + HOUR);
  await run();
  expect(await settledThrough(account)).toBeLessThan(first);
  await dueNow(account);
  expect(await run()).toMatchObject({ invoices: 0 });
  expect(await settledThrough(account)).toBe(now);

  await wharfage.report([call('late', account, first - DAY, 20)]);
  await travel(second + HOUR);
  expect(await run()).toMatchObject({ invoices: 1 });
  expect((await billed(account)).at(-1)).toEqual(expect.arrayContaining([expect.stringContaining('adjustment two calls 1.00')]));
  expect(await settledThrough(account)).toBeLessThan(first);
  await dueNow(account);
  expect(await run()).toMatchObject({ invoices: 0 });
  expect(await settledThrough(account)).toBe(now);

  await wharfage.ok('POST', `/v2/subscriptions/${id}/change-plan`, { plan: 'one', when: formatInstant(first - DAY) });
  await dueNow(account);
  expect(await run()).toMatchObject({ invoices: 1 });
  expect(await settledThrough(account)).toBeLessThan(first);
});

test('periods that were credited at once are charged again', async () => {
  const account = 'credited';
  await retire();
  const id = await subscribed(account);
  const born = now;
  const change = (action: string, back: bigint) =>
    wharfage.ok('POST', `/v2/subscriptions/${id}/${action}`, { when: formatInstant(now - back) });
  const runAt = async (days: bigint): Promise<unknown> => {
    await travel(born + days * DAY);
    await dueNow(account);
    return run();
  };
  for (const days of [0n, 32n, 63n, 94n]) expect(await runAt(days)).toMatchObject({ invoices: 1 });
  await change('pause', 90n * DAY);
  expect(await runAt(95n)).toMatchObject({ parked: 0 });
  await change('resume', 80n * DAY);
  await unsettle(account);
  expect(await runAt(96n)).toMatchObject({ parked: 0 });
  await unsettle(account);
  expect(await runAt(97n)).toMatchObject({ parked: 0, invoices: 0 });
});

test('after three years a run loads and asks for as much as after three months', async () => {
  const account = 'old';
  await retire();
  await subscribed(account);
  const born = now;
  const counts: { readonly lines: number; readonly questions: number; readonly whole: { lines: number; questions: number } }[] = [];
  for (let month = 1; month <= 36; month += 1) {
    await wharfage.report([call(`e${String(month)}`, account, now, 3), call(`n${String(month)}`, account, now, month % 5, 'node')]);
    await travel(born + BigInt(month) * 31n * DAY);
    if (month === 3 || month === 36)
      counts.push(
        await wharfage.app.get(Database).transaction(async (tx) => {
          const facts = wharfage.app.get(LoadFacts);
          const [[part], [whole]] = [
            await facts.unsettled(tx, [accountIdFor(account)], { late: [] }),
            await facts.run(tx, [accountIdFor(account)]),
          ];
          const countOf = ({ facts: loaded }: typeof whole & object) => ({
            lines: loaded.billed.length,
            questions: prepare(loaded, now).questions.length,
          });
          return { ...countOf(part!), whole: countOf(whole!) };
        }),
      );
    await run();
  }
  console.info(`loaded and asked after 3 and after 36 months: ${JSON.stringify(counts)}`);
  const [young, grown] = counts;
  expect(grown!.lines).toBeLessThanOrEqual(young!.lines + 4);
  expect(grown!.questions).toBeLessThanOrEqual(young!.questions + 2);
  expect(grown!.whole.lines).toBeGreaterThan(8 * grown!.lines);
}, 120_000);

test('events that come late while runs go on are all billed, once', async () => {
  const account = 'busy';
  await retire();
  await subscribed(account, { plan: 'two', alignment: 'calendar' });
  const born = now;
  await travel(born + 70n * DAY);
  await run();
  let [reported, sum] = [0, 0];
  const reporting = Promise.all(
    Array.from({ length: 4 }, async (_, reporter) => {
      for (let i = 0; i < 40; i += 1) {
        const n = 1 + ((i * 7 + reporter) % 50);
        [reported, sum] = [reported + 1, sum + n];
        await wharfage.report([call(`${String(reporter)}.${String(i)}`, account, born + BigInt(i % 30) * DAY + HOUR, n)]);
      }
    }),
  );
  const progress = { isOver: false };
  const noted = reporting.finally(() => (progress.isOver = true));
  while (!progress.isOver) {
    await dueNow(account);
    await run();
  }
  await noted;
  await dueNow(account);
  await run();
  await unsettle(account);
  await dueNow(account);
  expect(await run()).toMatchObject({ invoices: 0 });
  expect(reported).toBe(160);
  const lines = (await billed(account)).flat().filter((line) => / two calls /.test(line));
  const cents = lines.reduce((total, line) => total + Math.round(Number(line.split(' ')[3]) * 100), 0);
  expect(cents).toBeGreaterThanOrEqual(sum * 5 - 400);
}, 120_000);

interface Scene {
  readonly account: string;
  readonly time: Instant;
  readonly i: number;
  readonly subscription: string;
  readonly events: readonly string[];
  readonly backfill: readonly string[] | undefined;
}

/** Does it to one account; what is refused is refused to both. Answers what a later step needs. */
async function act({ act: what, n }: Step, { account, time, i, subscription, events, backfill }: Scene): Promise<string> {
  const change = (action: string, body: object) =>
    wharfage.call('POST', `/v2/subscriptions/${subscription}/${action}`, { when: formatInstant(time), ...body });
  const reason = 'story';
  if (what === 'report') {
    await wharfage.report([
      call(`e${String(i)}`, account, time, n),
      call(`f${String(i)}`, account, time + HOUR > now ? time : time + HOUR, n % 4, 'node'),
    ]);
  } else if (what === 'void' || what === 'replace') {
    const [id] = events;
    if (id === undefined) return '';
    const { data } = await wharfage.ok('GET', `/v2/usage/events?account=${account}&source=s&id=${id}`);
    const path = `/v2/usage/events/${String(data[0].eventId)}/${what}`;
    await wharfage.call('POST', path, what === 'void' ? { reason } : { reason, event: call(`r${String(i)}`, account, time, n) });
  } else if (what === 'backfill') {
    const range = { from: formatInstant(time - 5n * DAY), to: formatInstant(time + 1n) };
    const body = { account, meter: 'calls', mode: 'replace', reason, ...range, events: [call(`b${String(i)}`, account, time, n)] };
    return (await wharfage.ok('POST', '/v2/usage/backfills', body)).backfill.id;
  } else if (what === 'revert') {
    const id = backfill?.[account.startsWith('whole') ? 1 : 0];
    if (id !== undefined) await wharfage.call('POST', `/v2/usage/backfills/${id}/revert`, { reason });
  } else if (what === 'plan')
    await change('change-plan', { plan: n % 2 === 0 ? 'two' : 'one', proration: n % 3 === 0 ? 'none' : 'prorate' });
  else if (what === 'quantity') await change('change-quantity', { price: 'base', quantity: n % 4 });
  else if (what === 'pause') await change(n % 2 === 0 ? 'pause' : 'resume', {});
  else if (what === 'cancel' && n % 4 === 0) await change('cancel', { invoiceUsage: n % 8 === 0 });
  return '';
}
