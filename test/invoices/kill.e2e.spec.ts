import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { DataSource } from 'typeorm';
import { parseInstant } from '../../src/domain/instant.js';
import { TestApp } from '../support/app.js';
import { chance } from '../support/chance.js';
import { crowd } from '../support/crowd.js';
import { freshDatabase } from '../support/database.js';
import { ledgerBalances, numbersHaveNoGap } from '../support/story.js';

const ACCOUNTS = 2_000;
const KILLS = 20;
const PARTIAL_MIN = 15;
/** Many commits, and kills between them. */
const SMALL_BATCHES = { BILL_RUN_BATCH: '10' };
const STARTS = '2026-01-01T00:00:00Z';
const AS_OF = '2026-02-01T00:00:00Z';
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);

/** The same accounts, plans and usage in a database of its own. */
async function prepared(name: string): Promise<TestApp> {
  const wharfage = await TestApp.start({ now: STARTS, env: { BILLING_AUTO: 'off', ROLE: 'api', DATABASE_URL: await freshDatabase(name) } });
  const base = { product: 'cloud', currency: 'USD', interval: { unit: 'month', count: 1 } };
  await wharfage.ok('PUT', '/v2/meters/calls', { name: 'Calls', eventType: 'call', aggregation: 'sum', value: 'n' });
  await wharfage.ok('PUT', '/v2/plans/flat', {
    ...base,
    name: 'Flat',
    prices: [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.34' }],
  });
  await wharfage.ok('PUT', '/v2/plans/calls', {
    ...base,
    name: 'Calls',
    prices: [
      { key: 'base', kind: 'recurring', model: 'flat', amount: '5.00' },
      { key: 'calls', kind: 'metered', meter: 'calls', model: 'per_unit', unitPrice: '0.015' },
    ],
  });
  const keys = await crowd(wharfage, { count: ACCOUNTS, startsAt: parseInstant(STARTS), plans: ['flat', 'calls'] });
  await wharfage.travel('2026-01-20T00:00:00Z');
  await wharfage.report(
    keys.map((subject, i) => ({ id: `e${String(i)}`, source: 's', type: 'call', subject, time: '2026-01-15T00:00:00Z', data: { n: i } })),
  );
  await wharfage.travel(AS_OF);
  return wharfage;
}

const billRun = (url: string, env: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn(process.execPath, ['--max-semi-space-size=64', 'dist/src/cli/main.js', 'bill-run', '--as-of', AS_OF], {
    env: {
      ...process.env,
      DATABASE_URL: url,
      BILLING_AUTO: 'off',
      TEST_CLOCK: 'on',
      LOG_LEVEL: 'silent',
      KEY_HASH_SECRET: 'a secret for tests, and for tests only',
      USAGE_GRACE_MINUTES: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

async function finished(child: ChildProcess): Promise<number | null> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (child.exitCode !== 0 && child.signalCode === null) throw new Error(`bill-run failed: ${said}`);
  return child.exitCode;
}

const numbered = async (source: DataSource): Promise<number> =>
  Number((await source.query('select count(*) as n from invoice_number'))[0].n);

/** All that was billed, but for ids, numbers and the time of issue. */
const billed = (source: DataSource): Promise<unknown[]> =>
  source.query(
    `select a.key, i.currency, i.subtotal_minor, i.discount_minor, i.tax_minor, i.total_minor, i.applied_minor, i.due_minor, i.credited_minor, i.period_start, i.period_end,
       (select jsonb_agg(jsonb_build_array(l.n, l.kind, l.plan, l.plan_version, l.price, l.quantity, l.amount_minor, l.service_start, l.service_end, l.slot_seq, l.breakdown, l.taxes) order by l.n)
        from invoice_line l where l.account_id = i.account_id and l.invoice_id = i.id) as lines,
       (select sum(e.amount_minor) from posting e join journal_entry j on j.account_id = e.account_id and j.id = e.entry_id
        where j.cause_id = i.id and e.ledger_account = 'deferred_revenue') as deferred
     from invoice i join account a on a.id = i.account_id order by a.key`,
  );

test(`a bill run that is killed ${String(KILLS)} times comes to the same invoices (KILL_SEED=${String(SEED)})`, async () => {
  const random = chance(SEED);
  const killed = await prepared('test_killed');
  const whole = await prepared('test_whole');
  try {
    let partial = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = await numbered(killed.source);
      // between the first commit and the last: after some of what an even pace leaves for this kill
      const target = before + 1 + Math.floor(random() * ((ACCOUNTS - before) / (KILLS - kill + 1)));
      const child = billRun(killed.url, SMALL_BATCHES);
      while (child.exitCode === null && (await numbered(killed.source)) < target)
        await new Promise((resolve) => setTimeout(resolve, 2 + random() * 10));
      child.kill('SIGKILL');
      if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
      const after = await numbered(killed.source);
      if (after > 0 && after < ACCOUNTS) partial += 1;
    }
    console.info(`seed ${String(SEED)}: ${String(partial)} of ${String(KILLS)} kills left a partial run`);
    expect(partial).toBeGreaterThanOrEqual(PARTIAL_MIN);
    expect(await finished(billRun(killed.url))).toBe(0);
    expect(await finished(billRun(whole.url))).toBe(0);
    const result = await billed(killed.source);
    expect(result).toHaveLength(ACCOUNTS);
    expect(result).toEqual(await billed(whole.source));
    for (const one of [killed, whole]) {
      await ledgerBalances(one);
      await numbersHaveNoGap(one);
    }
    expect(await numbered(killed.source)).toBe(ACCOUNTS);
  } finally {
    await killed.close();
    await whole.close();
  }
}, 240_000);
