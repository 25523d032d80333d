import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { TestApp } from '../support/app.js';
import { chance } from '../support/chance.js';
import { freshDatabase } from '../support/database.js';
import { ADMIN_KEY, ServiceProcess } from '../support/service-process.js';
import { differences, grantsAddUp, ledgerBalances } from '../support/story.js';
import { CURRENCIES, planBody, planKey, PLANS, setUpCatalog } from './year/catalog.js';
import { booksBalance, numbersAreWhole, recurringRevenueMoves } from './year/closing.js';
import { Customer } from './year/customer.js';
import { inProcess, Mortal, must, type Service } from './year/service.js';

/** Small and in this process by default; with YEAR_ACCOUNTS a year of as many accounts, with the service in a process that is killed. */
const WHOLE = process.env['YEAR_ACCOUNTS'] !== undefined;
const ACCOUNTS = Number(process.env['YEAR_ACCOUNTS'] ?? 8);
const DAYS = Number(process.env['YEAR_DAYS'] ?? (WHOLE ? 365 : 90));
/** How many days the clock moves at once, and of how many days the books are looked at. */
const [STEP, LOOKED_AT] = WHOLE ? [1, 1] : [5, 15];
const ACTS_A_DAY = WHOLE ? 0.08 : 0.1; // of each account
const KILLS_A_DAY = WHOLE ? 0.12 : 0;
const HOUSEWORK = WHOLE ? 0.05 : 0.2; // of each kind, each time
const LANES = 4;
const SEED = Number(process.env['YEAR_SEED'] ?? Date.now() % 1_000_000);
const DAY_MS = 86_400_000;
const STARTS = Date.parse('2026-01-01T00:00:00Z');
const FIRST_MONTH = '2026-01';

const instant = (ms: number): string => new Date(ms).toISOString();

/** What the seller does besides: months are closed, prices rise, and their holders are moved. */
async function keepHouse(service: Service, now: string, random: () => number, versions: Map<string, number>): Promise<void> {
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const [closes, dearer, plan, currency] = [random() < HOUSEWORK, random() < HOUSEWORK, one(PLANS), one(CURRENCIES)];
  if (closes) {
    const { data } = must(await service.call('GET', '/v2/accounting-periods?limit=100'));
    const next = (data as any[]).filter(({ status }) => status === 'open').sort((a, b) => (a.month < b.month ? -1 : 1))[0];
    if (next && next.endsAt <= now) must(await service.call('PUT', `/v2/accounting-periods/${String(next.month)}`, { status: 'closed' }));
  }
  if (!dearer) return;
  const key = planKey(plan, currency);
  const version = (versions.get(key) ?? 1) + 1;
  versions.set(key, version);
  const put = must(await service.call('PUT', `/v2/plans/${key}`, planBody(plan, currency, version)));
  must(await service.call('POST', `/v2/plans/${key}/migrations`, { toVersion: put.newestVersion, when: one(['now', 'period_end']) }));
}

async function live(service: Service, mortal: Mortal | undefined): Promise<{ customers: Customer[]; days: string[] }> {
  const random = chance(SEED);
  await setUpCatalog(service);
  const customers = Array.from({ length: ACCOUNTS }, (_, i) => new Customer(service, i, SEED));
  const arrivals = customers.map((_, i) => (i < ACCOUNTS / 2 ? 0 : Math.floor((random() * DAYS) / 2)));
  const versions = new Map<string, number>();
  const days: string[] = [];
  for (let day = 0; day < DAYS; day += STEP) {
    const now = instant(STARTS + day * DAY_MS + Math.floor(random() * DAY_MS));
    const [dies, after] = [random() < KILLS_A_DAY, Math.floor(random() * 600)];
    const killing = dies ? mortal?.killIn(after) : undefined;
    must(await service.call('PUT', '/v2/test-clock', { now }));
    const here = customers.filter((_, i) => (arrivals[i] ?? 0) < day);
    const events = here.flatMap((customer) => customer.usage(now));
    for (let i = 0; i < events.length; i += 500) must(await service.call('POST', '/v2/usage/events', { events: events.slice(i, i + 500) }));
    await inLanes(customers, async (customer) => {
      const arrives = arrivals[customers.indexOf(customer)] ?? 0;
      if (arrives >= day && arrives < day + STEP) await customer.arrive(now);
      else if (arrives < day && customer.random() < ACTS_A_DAY * STEP) await customer.act(now);
    });
    await keepHouse(service, now, random, versions);
    await killing;
    days.push(`${now.slice(0, 10)}T00:00:00Z`);
  }
  return { customers, days };
}

/** Some at once; each does what it does by itself. */
async function inLanes<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const lane = async (n: number): Promise<void> => {
    for (let i = n; i < items.length; i += LANES) await act(items[i] as Item);
  };
  await Promise.all(Array.from({ length: LANES }, (_, n) => lane(n)));
}

interface Prepared {
  readonly service: Service;
  readonly mortal?: Mortal;
  /** The service in this process, for what is asked when the year is over. */
  readonly over: (now: string) => Promise<TestApp>;
  readonly close: () => Promise<void>;
}

async function prepared(): Promise<Prepared> {
  if (!WHOLE) {
    const wharfage = await TestApp.start({ now: instant(STARTS) });
    return { service: inProcess(wharfage), over: () => Promise.resolve(wharfage), close: () => wharfage.close() };
  }
  const env = { TEST_CLOCK: 'on', WHARFAGE_BOOTSTRAP_KEY: ADMIN_KEY, DATABASE_URL: await freshDatabase() };
  const setsClock = await TestApp.start({ now: instant(STARTS), env: { ...env, ROLE: 'api' } });
  await setsClock.close();
  const child = await ServiceProcess.start({ dir: mkdtempSync(join(process.env['TEST_RUN_DIR'] ?? '', 'year-')), env });
  const mortal = new Mortal(child);
  let observer: TestApp | undefined;
  return {
    service: mortal,
    mortal,
    over: async (now) => {
      await mortal.stop();
      return (observer = await TestApp.start({ now, env: { ...env, ROLE: 'api' } }));
    },
    close: async () => {
      await observer?.close();
      if (!observer) await mortal.stop();
    },
  };
}

function told(customers: readonly Customer[], what: 'tried' | 'done'): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const customer of customers) for (const [name, n] of customer[what]) sums[name] = (sums[name] ?? 0) + n;
  return sums;
}

test(
  `a year of ${String(ACCOUNTS)} accounts: whatever they do, the books are whole on every day (YEAR_SEED=${String(SEED)})`,
  async () => {
    const { service, mortal, over, close } = await prepared();
    try {
      const { customers, days } = await live(service, mortal);
      const end = instant(STARTS + (DAYS + 1) * DAY_MS);
      must(await service.call('PUT', '/v2/test-clock', { now: end }));
      must(await service.call('POST', '/v2/bill-runs', { asOf: end }));
      const again = must(await service.call('POST', '/v2/bill-runs', { asOf: end }));
      const wharfage = await over(end);
      expect((await wharfage.ok('GET', '/v2/bill-runs/parked')).data).toEqual([]);
      expect(again).toMatchObject({ status: 'finished', invoices: 0, parked: 0 });
      expect(await differences(wharfage, ['usage', 'invoices', 'ledger'])).toEqual([]);
      await ledgerBalances(wharfage);
      await grantsAddUp(wharfage);
      const documents = await numbersAreWhole(wharfage);
      const looked = days.filter((_, i) => i % Math.ceil(LOOKED_AT / STEP) === 0);
      for (const day of [...looked, end]) await booksBalance(wharfage, day, FIRST_MONTH);
      const closings = [...days, end].filter((day, i, all) => day.slice(0, 7) !== all[i + 1]?.slice(0, 7));
      for (const day of closings) await recurringRevenueMoves(wharfage, day, FIRST_MONTH);
      const [tried, done] = [told(customers, 'tried'), told(customers, 'done')];
      if (!WHOLE) return;
      console.info(JSON.stringify({ seed: SEED, kills: mortal?.kills, documents, tried, done }));
      expect(Object.keys(tried).filter((name) => !(name in done))).toEqual([]); // nothing was always refused
    } finally {
      await close();
    }
  },
  4 * 3_600_000,
);
