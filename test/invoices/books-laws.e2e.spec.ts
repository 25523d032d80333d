import fc from 'fast-check';
import { reportsTie } from '../support/books.js';
import { afterStory } from '../support/story.js';
import { Books } from './books.js';

let books: Books;
beforeAll(async () => {
  books = await Books.open();
}, 30_000);
afterAll(async () => {
  try {
    await afterStory(books.wharfage);
  } finally {
    await books.close();
  }
});

const amount = fc.integer({ min: 1, max: 2_000 }).map((cents) => (cents / 100).toFixed(2));
const settle = fc.constantFrom('refund', 'balance', 'none');
const anyAct = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('credit' as const), nth: fc.nat(3), settle, amount: fc.option(amount, { freq: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('creditLine' as const), nth: fc.nat(3), settle, line: fc.nat(1), amount: fc.option(amount) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('wire' as const), nth: fc.nat(3), amount }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('refund' as const), nth: fc.nat(3), amount: fc.option(amount) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('void' as const), nth: fc.nat(3), rebill: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('mark-uncollectible' as const), nth: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('bill' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('subscribe' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('grant' as const), amount, kind: fc.constantFrom('paid', 'promotional') }) },
);
type Act = typeof anyAct extends fc.Arbitrary<infer Found> ? Found : never;

async function perform(key: string, one: Act): Promise<{ readonly status: number }> {
  if (one.act === 'bill') return books.wharfage.call('POST', `/v2/accounts/${key}/bill`, {});
  if (one.act === 'subscribe') return books.wharfage.call('POST', '/v2/subscriptions', { account: key, plan: 'two' });
  if (one.act === 'wait') return wait(one.days);
  if (one.act === 'grant') return books.wharfage.call('POST', `/v2/accounts/${key}/credit-grants`, { amount: one.amount, kind: one.kind });
  const invoices = await books.invoices(key);
  const invoice = invoices[one.nth % invoices.length];
  if (one.act === 'credit') return books.credit(invoice, { settle: one.settle, amount: one.amount });
  if (one.act === 'creditLine') {
    const line = { line: invoice.lines[one.line].id, amount: one.amount };
    return books.credit(invoice, { settle: one.settle, lines: [line] });
  }
  if (one.act === 'wire') return books.wire(invoice, one.amount);
  if (one.act !== 'refund') return books.act(invoice, one.act, one.act === 'void' ? { rebill: one.rebill } : {});
  const payments = await books.payments(key);
  const payment = payments[one.nth % Math.max(payments.length, 1)];
  if (!payment) return { status: 409 };
  return books.wharfage.call('POST', `/v2/payments/${String(payment.id)}/refunds`, { amount: one.amount, reason: 'r' });
}

/** The instants at which something happened. */
const instants: string[] = ['2026-01-01T00:00:00Z'];

async function wait(days: number): Promise<{ readonly status: number }> {
  const now = new Date(Date.parse(instants.at(-1) ?? '') + days * 86_400_000).toISOString().replace('.000', '');
  instants.push(now);
  await books.wharfage.travel(now);
  return { status: 200 };
}

const cents = (text: string): number => Math.round(Number(text) * 100);
const total = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + cents(text), 0);

/** What must hold of an account whatever was done, and refused. */
async function balances(key: string): Promise<void> {
  const [invoices, ledger] = [await books.invoices(key), await books.ledger(key)];
  const notes: any[] = (await books.wharfage.ok('GET', `/v2/credit-notes?account=${key}&limit=200`)).data;
  const posted = (...names: string[]): number => names.reduce((sum, name) => sum + cents(ledger[name] ?? '0'), 0);
  const credited = (...names: string[]): number => 0 - posted(...names);
  for (const invoice of invoices) {
    const own = notes.filter((note) => note.invoice === invoice.id);
    expect(total(own.map((note) => note.total))).toBe(cents(invoice.amountCredited));
    expect(cents(invoice.amountCredited)).toBeLessThanOrEqual(cents(invoice.total));
    for (const tax of invoice.taxes) {
      const taken = own.flatMap(({ taxes }) => taxes).filter(({ taxRate }) => taxRate === tax.taxRate);
      const most = cents(invoice.amountCredited) === cents(invoice.total);
      expect(total(taken.map((one) => one.amount))).toBeLessThanOrEqual(cents(tax.amount));
      if (most)
        expect([total(taken.map((one) => one.amount)), total(taken.map((one) => one.taxable))]).toEqual([
          cents(tax.amount),
          cents(tax.taxable),
        ]);
    }
    for (const line of invoice.lines) {
      const taken = own.flatMap(({ lines }) => lines).filter((one) => one.line === line.id);
      expect(total(taken.map((one) => one.amount))).toBeLessThanOrEqual(cents(line.amount));
    }
  }
  expect(posted('accounts_receivable')).toBe(total(invoices.map(({ amountOpen }) => amountOpen)));
  expect(posted('bad_debt')).toBe(total(invoices.map(({ amountUncollectible }) => amountUncollectible)));
  const charged = invoices.filter(({ status }) => status !== 'void');
  expect(credited('deferred_revenue', 'revenue', 'tax_payable')).toBe(
    total(charged.map((one) => one.total)) - total(charged.map((one) => one.amountCredited)),
  );
  expect(credited('customer_balance')).toBe(cents(await books.balance(key)));
  const brought = posted('cash', 'grant_clearing', 'prepaid_credits', 'promotional_credits');
  expect(brought).toBeGreaterThanOrEqual(cents(await books.balance(key))); // what stands on the balance was paid, and was not paid back
}

test('whatever is credited, paid, refunded, voided and written off: nothing is given back twice, and the books agree with the invoices', async () => {
  let [accounts, done] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(anyAct, { minLength: 4, maxLength: 14 }), async (acts) => {
      const key = `law-${String((accounts += 1))}`;
      await books.billed(key);
      for (const one of acts) {
        const { status } = await perform(key, one);
        expect([200, 201, 409]).toContain(status);
        if (status < 300) done += 1;
      }
      await balances(key);
      await books.bill(key);
      expect(await books.bill(key)).toEqual({ invoices: 0, parked: false });
      await balances(key);
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 15) },
  );
  expect(done).toBeGreaterThan(accounts); // not all was refused
  await wait(1);
  for (const instant of instants) await reportsTie(books.wharfage, instant);
}, 120_000);
