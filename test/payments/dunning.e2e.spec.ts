import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM } from '../../src/common/actor.js';
import { Clock } from '../../src/common/clock.js';
import { DAY, formatInstant, parseInstant } from '../../src/domain/instant.js';
import { RunCase } from '../../src/payments/dunning/run-case.js';
import { Reconcile } from '../../src/payments/reconciliation/reconcile.js';
import { ANY_AMOUNT } from '../../src/providers/any-amount.js';
import { Providers } from '../../src/providers/providers.js';
import type { SandboxProvider } from '../../src/providers/sandbox/sandbox.provider.js';
import { TestApp } from '../support/app.js';
import { differences, ledgerBalances } from '../support/story.js';

const days = (count: number) => ({ unit: 'day', count });
const POLICY = {
  soft: { retryAfter: [days(3), days(5), days(7)], endAfter: days(4) },
  hard: { endAfter: days(10) },
  newMethodNeeded: { endAfter: days(10) },
  authentication: { endAfter: days(2) },
  endsWithin: days(60),
  retryLimits: [{ attempts: 15, within: days(30) }],
  mails: [
    { on: 'first_failure', template: 'payment_failed' },
    { on: 'later_failure', template: 'payment_failed' },
    { on: 'authentication_required', template: 'authentication_required' },
    { on: 'before_end', template: 'final_notice', before: days(1) },
    { on: 'recovered', template: 'recovered' },
  ],
  atEnd: { subscriptions: 'leave', invoice: 'leave' },
};
const plan = { product: 'hub', currency: 'USD', interval: { unit: 'month', count: 1 } };
const repos = (limit: number) => ({ repos: { limit } });

/** One service for all stories, without a worker: what is due is done when its time passes. Each story has an account of its own. */
let wharfage: TestApp;
const dir = mkdtempSync(join(tmpdir(), 'wharfage-mails-'));
beforeAll(async () => {
  wharfage = await TestApp.start({ env: { ROLE: 'api', DATA_DIR: dir, MAIL_FROM: 'Dock <billing@dock.example>' } });
  await wharfage.ok('PUT', '/v2/features/repos', { name: 'Repositories', kind: 'limit' });
  const paid = [{ key: 'base', kind: 'recurring', model: 'flat', amount: '12.00' }];
  await wharfage.ok('PUT', '/v2/plans/small', { name: 'Small', ...plan, prices: paid, entitlements: repos(5) });
  await wharfage.ok('PUT', '/v2/plans/free', { name: 'Free', ...plan, prices: [], entitlements: repos(1) });
}, 30_000);
afterAll(async () => {
  try {
    await ledgerBalances(wharfage);
    expect(await differences(wharfage, ['usage', 'invoices', 'ledger'])).toEqual([]);
  } finally {
    await wharfage.close();
    rmSync(dir, { recursive: true });
  }
});

async function passes(count: number): Promise<void> {
  const { now } = await wharfage.ok('GET', '/v2/test-clock');
  await wharfage.travel(formatInstant(parseInstant(now) + BigInt(count) * DAY));
}
const method = (key: string, token: string) => wharfage.ok('POST', `/v2/accounts/${key}/payment-methods`, { token });
const policy = (key: string, change: object = {}) => wharfage.ok('PUT', `/v2/dunning-policies/${key}`, { ...POLICY, ...change });

/** An account that has subscribed, and was charged by that payment method. */
async function subscribed(key: string, token: string, atEnd: object = POLICY.atEnd) {
  await policy(`of-${key}`, { atEnd });
  const account = { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC', provider: 'sandbox', email: `${key}@customer.example` };
  await wharfage.ok('PUT', `/v2/accounts/${key}`, { ...account, dunningPolicy: `of-${key}` });
  await method(key, token);
  const { id } = await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'small' });
  await passes(0);
  return { key, subscription: String(id), invoice: String((await wharfage.ok('GET', `/v2/invoices?account=${key}`)).data[0].id) };
}
type Story = Awaited<ReturnType<typeof subscribed>>;

/** How an account stands: its invoice, its case, its subscription, what it may do, its payments and mails, oldest first. */
async function standing({ key, subscription, invoice }: Story) {
  const [theCase] = (await wharfage.ok('GET', `/v2/dunning-cases?account=${key}`)).data.filter((one: any) => one.invoice === invoice);
  const { features, pastDue } = await wharfage.ok('GET', `/v2/accounts/${key}/entitlements`);
  const payments = (await wharfage.ok('GET', `/v2/payments?account=${key}`)).data.filter((one: any) => one.invoice === invoice);
  return {
    invoice: (await wharfage.ok('GET', `/v2/invoices/${invoice}`)).status,
    case: theCase?.state,
    next: theCase?.nextStep,
    done: theCase?.done.map(({ did }: any) => did),
    subscription: (await wharfage.ok('GET', `/v2/subscriptions/${subscription}`)).status,
    repos: features.repos?.limit,
    pastDue: pastDue !== null,
    payments: payments.map(({ state }: any) => state).reverse(),
    mails: (await mails(key))
      .filter((mail: any) => mail.invoice === invoice)
      .map(({ template }: any) => template)
      .reverse(),
  };
}
const deliver = ({ body, signature }: { body: string; signature: string }) =>
  wharfage.app.inject({
    method: 'POST',
    url: '/providers/sandbox/webhooks',
    payload: body,
    headers: { 'content-type': 'application/json', 'sandbox-signature': signature },
  });
const mails = async (key: string): Promise<any[]> => (await wharfage.ok('GET', `/v2/accounts/${key}/mails`)).data;

test('an account that pays has no case', async () => {
  expect(await standing(await subscribed('pays', 'sandbox_ok'))).toMatchObject({
    invoice: 'paid',
    case: undefined,
    pastDue: false,
    mails: [],
  });
});

test('a decline is retried three times, and the third pays', async () => {
  const story = await subscribed('thrice', 'sandbox_declined_thrice');
  const failed = { invoice: 'finalized', case: 'open', next: 'retry', subscription: 'past_due', repos: 5, pastDue: true };
  expect(await standing(story)).toMatchObject({ ...failed, payments: ['failed'], mails: ['payment_failed'] });
  await passes(2);
  expect((await standing(story)).payments).toEqual(['failed']);
  await passes(1);
  expect((await standing(story)).payments).toEqual(['failed', 'failed']);
  await passes(5);
  expect(await standing(story)).toMatchObject({ ...failed, payments: ['failed', 'failed', 'failed'] });
  await passes(7);
  expect(await standing(story)).toEqual({
    invoice: 'paid',
    case: 'recovered',
    next: null,
    done: [],
    subscription: 'active',
    repos: 5,
    pastDue: false,
    payments: ['failed', 'failed', 'failed', 'succeeded'],
    mails: ['payment_failed', 'payment_failed', 'payment_failed', 'recovered'],
  });
});

test.each<[string, object, object, object]>([
  ['leave', { subscriptions: 'leave' }, { done: [], subscription: 'past_due', repos: 5 }, { subscription: 'active', repos: 5 }],
  ['cancel', { subscriptions: 'cancel' }, { done: ['canceled'], subscription: 'canceled', repos: undefined }, { subscription: 'canceled' }],
  [
    'pause',
    { subscriptions: 'pause' },
    { done: ['paused'], subscription: 'paused', repos: undefined },
    { done: ['paused', 'resumed'], subscription: 'active', repos: 5 },
  ],
  [
    'move',
    { subscriptions: 'change_plan', plan: 'free' },
    { done: ['plan_changed'], subscription: 'past_due', repos: 1 },
    { subscription: 'active', repos: 1 },
  ],
])('at the end of the policy: %s', async (name, subscriptions, atTheEnd, recovered) => {
  const story = await subscribed(`end-${name}`, 'sandbox_declined_soft', { invoice: 'leave', ...subscriptions });
  await passes(18); // 3 + 5 + 7, and a day before the end
  expect(await standing(story)).toMatchObject({ case: 'open', next: 'end', subscription: 'past_due', repos: 5 });
  expect((await mails(story.key))[0]).toMatchObject({ template: 'final_notice', state: 'sent', to: `end-${name}@customer.example` });
  await passes(1);
  const ended = { invoice: 'finalized', case: 'ended', next: null, pastDue: true, payments: Array(4).fill('failed') };
  expect(await standing(story)).toMatchObject({ ...ended, ...atTheEnd });
  await passes(1);
  await method(story.key, 'sandbox_ok');
  await passes(0);
  expect(await standing(story)).toMatchObject({ invoice: 'paid', case: 'recovered', pastDue: false, ...recovered });
  expect((await mails(story.key)).map(({ template }: any) => template)).toContain('recovered');
});

test('at the end of the policy: the invoice is written off, by dunning; what comes in afterwards recovers it', async () => {
  const story = await subscribed('end-off', 'sandbox_declined_hard', { subscriptions: 'cancel', invoice: 'mark_uncollectible' });
  await passes(9);
  expect(await standing(story)).toMatchObject({ case: 'open', payments: ['failed'], mails: ['payment_failed', 'final_notice'] });
  await passes(1);
  const ended = { invoice: 'uncollectible', case: 'ended', subscription: 'canceled', done: ['canceled', 'marked_uncollectible'] };
  expect(await standing(story)).toMatchObject({ ...ended, payments: ['failed'], pastDue: true });
  const { data } = await wharfage.ok('GET', `/v2/accounts/${story.key}/timeline?limit=200`);
  const byDunning = data.filter(({ actorId }: any) => actorId === 'dunning').map(({ action }: any) => action);
  expect(byDunning).toEqual(expect.arrayContaining(['subscription.ended', 'invoice.marked_uncollectible', 'dunning.ended']));
  await wharfage.ok('POST', '/v2/payments', { invoice: story.invoice, amount: '12.00', method: 'wire' });
  await passes(0);
  expect(await standing(story)).toMatchObject({ invoice: 'paid', case: 'recovered', pastDue: false });
});

test('the first payment asks for authentication: it is waited for, given up at the end, or confirmed', async () => {
  const confirmed = await subscribed('confirms', 'sandbox_requires_action');
  const waits = { invoice: 'finalized', case: 'open', pastDue: true, payments: ['pending'], mails: ['authentication_required'] };
  expect(await standing(confirmed)).toMatchObject(waits);
  const sandbox = wharfage.app.get(Providers).named('sandbox') as SandboxProvider;
  const [{ id }] = (await wharfage.ok('GET', '/v2/payments?account=confirms')).data;
  await deliver(sandbox.settle(`${String(id)}:1`));
  await passes(0);
  expect(await standing(confirmed)).toMatchObject({ invoice: 'paid', case: 'recovered', pastDue: false, payments: ['succeeded'] });

  const silent = await subscribed('silent', 'sandbox_requires_action', { subscriptions: 'cancel', invoice: 'mark_uncollectible' });
  await passes(2);
  expect(await standing(silent)).toMatchObject({ invoice: 'uncollectible', case: 'ended', subscription: 'canceled', payments: ['failed'] });
});

test('a card that expired is not tried again; a new one is, at once', async () => {
  const story = await subscribed('expired', 'sandbox_expired');
  await passes(4);
  expect(await standing(story)).toMatchObject({ case: 'open', payments: ['failed'], mails: ['payment_failed'] });
  expect((await mails(story.key))[0].text).toContain('We will not try it again by ourselves.');
  await method(story.key, 'sandbox_ok');
  await passes(0);
  expect(await standing(story)).toMatchObject({ invoice: 'paid', case: 'recovered', payments: ['failed', 'succeeded'] });
});

test('an outcome that is not known is waited for, past the end of the policy, and never charged again', async () => {
  const story = await subscribed('unknown', 'sandbox_declined_soft');
  await method(story.key, 'sandbox_lost'); // it is never reached
  await passes(21);
  expect(await standing(story)).toMatchObject({ case: 'open', next: 'wait', payments: ['failed', 'pending'] });
  expect(
    await wharfage.source.query(`select 1 from payment_attempt where state = 'unknown' and invoice_id = $1`, [story.invoice]),
  ).toHaveLength(1);
});

test('a case goes by the version with which it began, and may be stopped', async () => {
  const story = await subscribed('stops', 'sandbox_declined_soft');
  await policy('of-stops', { soft: { retryAfter: [days(30)], endAfter: days(4) } });
  const [{ id, policyVersion, nextAt }] = (await wharfage.ok('GET', '/v2/dunning-cases?account=stops&state=open')).data;
  expect(policyVersion).toBe(1);
  await wharfage.app.get(Clock).set(parseInstant(nextAt), nextAt);
  await Promise.all([1, 2, 3].map(() => wharfage.app.get(RunCase).run(id))); // each step once, whoever does it
  expect(await standing(story)).toMatchObject({ payments: ['failed', 'pending'] });
  await passes(0);
  expect(await standing(story)).toMatchObject({ next: 'retry', payments: ['failed', 'failed'] });
  expect(await wharfage.ok('POST', `/v2/dunning-cases/${id}/stop`, { reason: 'They pay by wire.' })).toMatchObject({ state: 'closed' });
  expect(await wharfage.call('POST', `/v2/dunning-cases/${id}/stop`, { reason: 'Again.' })).toMatchObject({
    body: { code: 'dunning_case_over' },
  });
  await passes(10);
  expect(await standing(story)).toMatchObject({ payments: ['failed', 'failed'], pastDue: true });
});

test('there is one default policy, and accounts name those that there are', async () => {
  expect(await wharfage.ok('GET', '/v2/dunning-policies/standard')).toMatchObject({ default: true, version: 1, atEnd: POLICY.atEnd });
  expect(await wharfage.call('PUT', '/v2/dunning-policies/standard', { ...POLICY, default: false })).toMatchObject({
    status: 409,
    body: { code: 'default_policy_needed' },
  });
  expect(await policy('strict', { default: true })).toMatchObject({ version: 1, default: true, name: 'strict' });
  expect(await policy('strict')).toMatchObject({ version: 1, default: true });
  expect(await wharfage.ok('GET', '/v2/dunning-policies/standard')).toMatchObject({ default: false });
  expect((await wharfage.ok('GET', '/v2/dunning-policies')).data.map(({ key }: any) => key)).toEqual(
    expect.arrayContaining(['strict', 'standard']),
  );
  expect(await wharfage.call('PUT', '/v2/dunning-policies/bad', { ...POLICY, endsWithin: days(2) })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/endsWithin' }] },
  });
  const account = { kind: 'user', name: 'a', currency: 'USD', dunningPolicy: 'nowhere' };
  expect(await wharfage.call('PUT', '/v2/accounts/names', account)).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/dunningPolicy', code: 'unknown_dunning_policy' }] },
  });
});

test('what is less than the provider charges waits, is not past due, and is charged once it comes to enough', async () => {
  const sandbox = wharfage.app.get(Providers).named('sandbox');
  const amounts = sandbox.amounts.bind(sandbox);
  sandbox.amounts = () => ({ ...ANY_AMOUNT, minimumMinor: 1_000n });
  const prices = [{ key: 'base', kind: 'recurring', model: 'flat', amount: '4.00' }];
  await wharfage.ok('PUT', '/v2/plans/tiny', { name: 'Tiny', ...plan, product: 'tiny', prices });
  const account = { kind: 'user', name: 'Tiny', currency: 'USD', provider: 'sandbox', email: 'tiny@customer.example' };
  await wharfage.ok('PUT', '/v2/accounts/tiny', account);
  await method('tiny', 'sandbox_ok');
  await wharfage.ok('POST', '/v2/subscriptions', { account: 'tiny', plan: 'tiny' });
  await passes(0);
  const [{ id: first }] = (await wharfage.ok('GET', '/v2/invoices?account=tiny')).data;
  expect(await wharfage.call('POST', `/v2/invoices/${first}/pay`)).toMatchObject({ status: 409, body: { code: 'below_minimum' } });
  await passes(31);
  expect((await wharfage.ok('GET', '/v2/payments?account=tiny')).data).toEqual([]);
  expect(await wharfage.ok('GET', '/v2/accounts/tiny/entitlements')).toMatchObject({ pastDue: null });
  await passes(31);
  const payments = (await wharfage.ok('GET', '/v2/payments?account=tiny')).data;
  expect(payments.map(({ state, amount }: any) => [state, amount])).toEqual(Array(3).fill(['succeeded', '4.00']));
  expect(new Set(payments.map(({ reference }: any) => reference)).size).toBe(1);
  expect(payments.find(({ carried }: any) => carried.length > 0).carried).toHaveLength(2);
  expect((await wharfage.ok('GET', '/v2/invoices?account=tiny')).data.map(({ status }: any) => status)).toEqual(Array(3).fill('paid'));
  const charged = await wharfage.source.query(`select amount_minor as amount from sandbox_operation where outcome ->> 'reference' = $1`, [
    payments[0].reference,
  ]);
  expect(charged).toEqual([{ amount: 1_200n }]);
  const compared = { provider: 'sandbox', from: 0n, to: wharfage.app.get(Clock).now(), cause: 'request' as const };
  expect(await wharfage.app.get(Reconcile).run(SYSTEM, compared)).toMatchObject({ status: 'finished', drifts: {} });
  sandbox.amounts = amounts;
});

test.each([
  ['without a credit note: it was not given back after all', 'refunds', '0.00'],
  ['of a credit note: what the note owes stands on the balance', 'customer_balance', '12.00'],
])('a refund that went out comes back, %s', async (_name, ledgerAccount, balance) => {
  const key = `returned-${ledgerAccount.replace('_', '-')}`;
  const { invoice } = await subscribed(key, 'sandbox_ok');
  const [{ id: payment }] = (await wharfage.ok('GET', `/v2/payments?account=${key}`)).data;
  if (ledgerAccount === 'refunds') await wharfage.ok('POST', `/v2/payments/${payment}/refunds`, { reason: 'goodwill' });
  else await wharfage.ok('POST', `/v2/invoices/${invoice}/credit-notes`, { reason: 'outage', settle: 'refund' });
  const refund = async () => (await wharfage.ok('GET', `/v2/payments/${payment}`)).refunds[0];
  const { id, state } = await refund();
  expect(state).toBe('succeeded');
  const sandbox = wharfage.app.get(Providers).named('sandbox') as SandboxProvider;
  for (let i = 0; i < 2; i += 1) await deliver(sandbox.returnRefund(id));
  await passes(0);
  expect(await refund()).toMatchObject({ state: 'failed', failure: 'the account of the customer is closed' });
  expect((await wharfage.ok('GET', `/v2/accounts/${key}/balance`)).balance).toBe(balance);
  const posted = await wharfage.source.query(
    `select p.ledger_account as account, sum(p.amount_minor)::bigint as amount from posting p join journal_entry e using (account_id)
     where e.id = p.entry_id and e.cause_id = $1 group by 1 having sum(p.amount_minor) <> 0 order by 1`,
    [id],
  );
  expect(posted.map((row: any) => `${row.account} ${row.amount}`)).toEqual(
    ledgerAccount === 'refunds' ? [] : ['customer_balance -1200', 'refunds_payable 1200'],
  );
});

test('mails are files here, each once, with a Message-ID of its own; an invoice is mailed when it is sent', async () => {
  const story = await subscribed('mails', 'sandbox_ok');
  await wharfage.ok('POST', `/v2/invoices/${story.invoice}/send`);
  await passes(0);
  const [{ id, messageId, ...mail }] = await mails('mails');
  expect(mail).toMatchObject({ template: 'invoice', state: 'sent', to: 'mails@customer.example' });
  const file = readFileSync(join(dir, 'mail', `${String(id)}.eml`), 'utf8');
  expect(messageId).toBe(`<${String(id)}@dock.example>`);
  expect(file.replaceAll('\r\n ', ' ')).toContain(`Message-ID: ${String(messageId)}\r\n`);
  expect(file).toMatch(/^From: Dock <billing@dock.example>/m);
  const all = await wharfage.source.query('select id from mail');
  expect(readdirSync(join(dir, 'mail')).sort()).toEqual(all.map((row: { id: string }) => `${row.id}.eml`).sort());
});
