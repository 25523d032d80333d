import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createApp } from '../../app.module.js';
import { ApiKeysService } from '../../common/api-keys/api-keys.service.js';
import { Clock } from '../../common/clock.js';
import { type Config, readConfig } from '../../config.js';
import { parseInstant } from '../../domain/instant.js';
import type { InvoiceView } from '../../invoices/invoices.dto.js';
import { type Command, UsageError } from '../command.js';
import { openDatabase } from '../context.js';
import { aligned } from '../text-table.js';
import { FEATURES, NODE_METER, PLANS } from '../catalog.js';
import { ACCOUNTS, type DemoAccount } from './accounts.js';
import { DemoClient } from './client.js';

const BEGIN = '2026-01-01T00:00:00Z';
const END = '2026-02-01T00:00:00Z';
const EXPORT = 'demo-invoice-lines.csv';
const SETTLE_ROUNDS = 100;
const SETTLE_MS = 50;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export const demo: Command = {
  summary: 'a month in the terminal: plans, accounts, usage, bills, payments, the export',
  usage: 'Usage: wharfage demo\n\nRuns on a database of its own, which is thrown away, and writes the export to the current folder.',
  async run(args) {
    if (args.length > 0) throw new UsageError(`unknown option "${args[0] ?? ''}"`);
    const dir = mkdtempSync(join(tmpdir(), 'wharfage-demo-'));
    try {
      await onDatabaseIn(dir);
      return 0;
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function onDatabaseIn(dir: string): Promise<void> {
  const read = readConfig({ DATA_DIR: dir, TEST_CLOCK: 'on', LOG_LEVEL: 'error', METRICS_PORT: '0', USAGE_GRACE_MINUTES: '0' });
  const { url, embedded } = await openDatabase(read);
  const config: Config = { ...read, databaseUrl: url };
  const app = await createApp(config);
  try {
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    await app.get(Clock).set(parseInstant(BEGIN), BEGIN);
    await month(new DemoClient(app, (await app.get(ApiKeysService).bootstrap()) ?? ''));
  } finally {
    await app.close();
    await embedded?.stop();
  }
}

async function month(client: DemoClient): Promise<void> {
  say('1. The catalog: six plans of an image registry, and nodes by the hour, of which one is free at any moment.\n');
  for (const feature of FEATURES) await client.call('PUT', `/v2/features/${feature.key}`, feature);
  await client.call('PUT', `/v2/meters/${NODE_METER.key}`, NODE_METER);
  for (const plan of PLANS) await client.call('PUT', `/v2/plans/${plan.key}`, plan);
  say(aligned(PLANS.map((plan) => [`   ${plan.key}`, plan.name, priceOf(plan.prices)])));

  say(`\n2. It is ${BEGIN}. Twelve accounts subscribe; flat plans are billed at once, in advance.\n`);
  for (const account of ACCOUNTS) await open(client, account);

  say('3. January passes. Nodes start and stop; every event is reported twice, and counted once.\n');
  await client.call('PUT', '/v2/test-clock', { now: '2026-01-31T23:00:00Z' });
  const events = ACCOUNTS.flatMap(eventsOf);
  for (const attempt of [1, 2]) {
    const { accepted, duplicates } = await client.call<{ accepted: number; duplicates: number }>('POST', '/v2/usage/events', { events });
    say(`   report ${String(attempt)}: ${String(accepted)} accepted, ${String(duplicates)} duplicates`);
  }

  say(`\n4. It is ${END}: the month is billed, in arrears for usage and in advance for February, and collected.\n`);
  await client.call('PUT', '/v2/test-clock', { now: END });
  await settled(client);
  const { data } = await client.call<{ data: InvoiceView[] }>('GET', '/v2/invoices?limit=200');
  const invoices = data.reverse();
  say(aligned([['   NUMBER', 'ACCOUNT', 'WHAT FOR', 'QUANTITY', 'AMOUNT', 'TOTAL', 'STATE'], ...invoices.flatMap(rowsOf)]));

  const wires = invoices.filter((invoice) => invoice.account === 'barge-works' && invoice.status !== 'paid');
  say(
    `\n5. Barge Works pays ${String(wires.length)} invoices by wire. Dock's card has no funds, and Keel's has expired: they stay open.\n`,
  );
  for (const wire of wires)
    await client.call('POST', '/v2/payments', {
      invoice: wire.number,
      amount: wire.amountDue,
      method: 'wire',
      reference: `WIRE ${wire.number}`,
    });
  say(aligned([['   OWES', 'INVOICES', 'DUE', 'WHY'], ...(await owing(client))]));

  say('\n6. The books: every entry sums to zero.\n');
  const trial = await client.call<{ data: { ledgerAccount: string; debit: string; credit: string; balance: string }[] }>(
    'GET',
    '/v2/ledger/trial-balance',
  );
  say(
    aligned([
      ['   LEDGER ACCOUNT', 'DEBIT', 'CREDIT', 'BALANCE'],
      ...trial.data.map((row) => [`   ${row.ledgerAccount}`, row.debit, row.credit, row.balance]),
    ]),
  );

  const range = `from=${BEGIN}&to=2026-02-02T00:00:00Z`;
  writeFileSync(EXPORT, await client.text('GET', `/v2/exports/invoice-lines?${range}`));
  const manifest = await client.call<{ rows: number; totals: Record<string, { amount: string }> }>(
    'GET',
    `/v2/exports/invoice-lines?${range}&manifest=only`,
  );
  say(`\n7. Finance takes away ${resolve(EXPORT)}: ${String(manifest.rows)} lines, ${manifest.totals['USD']?.amount ?? '0.00'} USD.`);
}

function priceOf([price]: readonly object[]): string {
  if (price === undefined) return 'held without a subscription, free';
  return 'amount' in price ? `${String(price.amount)} a month` : '0.02 a node-hour';
}

async function open(client: DemoClient, { key, name, kind, plan, token }: DemoAccount): Promise<void> {
  await client.call('PUT', `/v2/accounts/${key}`, {
    name,
    kind,
    currency: 'USD',
    timeZone: 'UTC',
    provider: token === undefined ? 'manual' : 'sandbox',
  });
  if (token !== undefined) await client.call('POST', `/v2/accounts/${key}/payment-methods`, { token });
  await client.call('POST', '/v2/subscriptions', { account: key, plan, alignment: 'calendar' });
}

const two = (n: number): string => String(n).padStart(2, '0');

const eventsOf = ({ key, nodes = [] }: DemoAccount): object[] =>
  nodes.map(([day, hour, node, count], i) => ({
    id: `${key}-${String(i)}`,
    source: 'demo',
    type: NODE_METER.eventType,
    subject: key,
    time: `2026-01-${two(day)}T${two(hour)}:00:00Z`,
    data: { node, nodes: count },
  }));

/** Payments are collected by the queue: waits until none is pending. */
async function settled(client: DemoClient): Promise<void> {
  for (let round = 0; round < SETTLE_ROUNDS; round += 1) {
    const { data } = await client.call<{ data: unknown[] }>('GET', '/v2/payments?state=pending');
    if (data.length === 0) return;
    await new Promise((resolve_) => setTimeout(resolve_, SETTLE_MS));
  }
}

function rowsOf(invoice: InvoiceView): string[][] {
  return invoice.lines.map((line, i) => {
    const billable = line.breakdown.find((step) => step.step === 'billable')?.quantity;
    const quantity = billable === undefined ? line.quantity : `${line.quantity}, ${billable} of it charged`;
    const what = `${line.description}, ${line.servicePeriod.start.slice(0, 10)} to ${line.servicePeriod.end.slice(0, 10)}`;
    return [
      i === 0 ? `   ${invoice.number}` : '',
      i === 0 ? invoice.account : '',
      what,
      quantity,
      line.amount,
      i === 0 ? invoice.total : '',
      i === 0 ? invoice.status : '',
    ];
  });
}

/** Who owes what, and why it was not paid. */
async function owing(client: DemoClient): Promise<string[][]> {
  const { data } = await client.call<{ data: InvoiceView[] }>('GET', '/v2/invoices?status=finalized&limit=200');
  const accounts = [...new Set(data.map((invoice) => invoice.account))].sort();
  return Promise.all(
    accounts.map(async (account) => {
      const open_ = data.filter((invoice) => invoice.account === account);
      const cents = open_
        .reduce((sum, invoice) => sum + BigInt(invoice.amountDue.replace('.', '')), 0n)
        .toString()
        .padStart(3, '0');
      const payments = await client.call<{ data: { reason: string | null }[] }>('GET', `/v2/payments?account=${account}&state=failed`);
      return [
        `   ${account}`,
        open_
          .map((invoice) => invoice.number)
          .reverse()
          .join(' '),
        `${cents.slice(0, -2)}.${cents.slice(-2)}`,
        payments.data[0]?.reason ?? 'pays by wire, which has not come yet',
      ];
    }),
  );
}
