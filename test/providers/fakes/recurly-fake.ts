import { recurlySignature } from '../../../src/providers/recurly/signature.js';
import type { Delivery, FakeProvider, Moved } from './fake-provider.js';
import { type Answer, FakeServer, type Received } from './fake-server.js';
import { RecurlyContract } from './recurly-contract.js';

const HOUR_MS = 3_600_000;
const ROUTES = [
  ['GET', '/sites'],
  ['POST', '/accounts'],
  ['GET', '/accounts/a'],
  ['PUT', '/accounts/a'],
  ['PUT', '/accounts/a/billing_info'],
  ['GET', '/accounts/a/billing_info'],
  ['GET', '/accounts/a/invoices'],
  ['POST', '/purchases'],
  ['GET', '/invoices/i'],
  ['POST', '/invoices/i/refund'],
  ['PUT', '/invoices/i/mark_failed'],
  ['GET', '/invoices/i/related_invoices'],
  ['GET', '/transactions/t'],
] as const;
const TOLD = { declined: 'failed', success: 'succeeded', processing: 'processing' } as const;
const SECRET = 'a-secret-of-recurly-for-tests';

type Thing = Record<string, any>;

const error = (status: number, type: string, more: object = {}, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: { error: { type, message: 'Refused', ...more } },
  headers,
});
const list = (data: readonly Thing[]): Answer => ({ status: 200, body: { object: 'list', has_more: false, data } });

/** How billing info behaves, by the token that it came with. */
const DECLINES: Readonly<Record<string, { readonly code: string; readonly category: string }>> = {
  'tok-funds': { code: 'insufficient_funds', category: 'soft' },
  'tok-stolen': { code: 'fraud_stolen_card', category: 'fraud' },
  'tok-3ds': { code: 'three_d_secure_action_required', category: 'three_d_secure_action_required' },
};

/**
 * Recurly as its documentation describes it, as far as the adapter goes: requests and answers are checked against its official OpenAPI document; it has
 * books of its own, in minor units of two decimals. Where `leavesPastDue` is set, a declined purchase leaves its invoice to be collected again.
 */
export class RecurlyFake extends FakeServer implements FakeProvider {
  readonly name = 'recurly';
  readonly tokens = { ok: 'tok-ok', declined: 'tok-funds', action: 'tok-3ds', processing: 'tok-ach' };
  readonly chargePath = '/purchases';
  readonly refundPath = '/refund';
  readonly windowMs = HOUR_MS;
  leavesPastDue = false;
  private readonly contract = RecurlyContract.official();
  private readonly accounts = new Map<string, Thing>();
  private readonly billing = new Map<string, { readonly token: string; readonly view: Thing }>();
  private readonly invoices: Thing[] = [];
  private readonly byTransaction = new Map<string, Thing>();
  private pending: { readonly id: string; readonly body: string }[] = [];
  private count = 0;

  private constructor() {
    super({
      rateLimited: error(429, 'rate_limited'),
      inFlight: error(409, 'simultaneous_request', {}, { 'recurly-should-retry': 'true', 'retry-after': '1' }),
      fault: error(500, 'internal_server_error'),
      mismatch: error(422, 'validation'), // never: the body is not part of what has to be the same
      replayed: { 'idempotency-prior': 'true' },
      windowMs: HOUR_MS,
    });
  }

  static async start(): Promise<RecurlyFake> {
    const fake = new RecurlyFake();
    fake.contract.warm(ROUTES);
    await fake.listen();
    return fake;
  }

  get env(): Record<string, string> {
    return { RECURLY_API_KEY: 'a-key-for-tests-only', RECURLY_WEBHOOK_SECRET: SECRET, RECURLY_API_BASE: this.url };
  }

  moved(kind: 'charge' | 'refund'): Moved[] {
    const [type, state] = kind === 'charge' ? ['charge', 'paid'] : ['credit', 'closed'];
    return this.invoices
      .filter((invoice) => invoice['type'] === type && invoice['state'] === state)
      .map(({ customer_notes: notes, total, currency }) => ({
        key: String(notes).replace('Wharfage ', ''),
        amount: Math.abs(Number(total) * 100).toFixed(0),
        currency: String(currency),
      }));
  }

  /** Invoices that Recurly's own dunning would try again. */
  get pastDue(): number {
    return this.invoices.filter(({ state }) => state === 'past_due').length;
  }

  settle(key: string): void {
    const invoice = this.invoices.find(({ customer_notes: notes, state }) => notes === `Wharfage ${key}` && state === 'processing');
    if (!invoice) throw new Error(`nothing is processing under ${key}`);
    invoice['state'] = 'paid';
    invoice['transactions'][0]['status'] = 'success';
    this.tell('payment', 'succeeded', { uuid: invoice['transactions'][0]['uuid'] });
  }

  settleAll(): void {
    for (const { state, customer_notes: notes } of this.invoices)
      if (state === 'processing') this.settle(String(notes).replace('Wharfage ', ''));
  }

  deliveries(): Promise<readonly Delivery[]> {
    const timestamp = String(Date.now());
    const signed = this.pending.splice(0).map(({ id, body }) => ({
      body,
      headers: {
        'recurly-notification-id': id,
        'recurly-signature': `${timestamp},${recurlySignature('an older secret', timestamp, Buffer.from(body))},${recurlySignature(SECRET, timestamp, Buffer.from(body))}`,
      },
    }));
    return Promise.resolve(signed);
  }

  protected fingerprint({ method, path }: Received): string {
    return `${method} ${path}`;
  }

  protected answer(request: Received): Answer {
    const { method, path, query, body } = request;
    if (request.headers.accept !== 'application/vnd.recurly.v2021-02-25') return error(406, 'invalid_api_version');
    const parsed: unknown = body === '' ? undefined : JSON.parse(body);
    const problems = this.contract.problems(method, path, { query: new URLSearchParams(query), body: parsed });
    if (!problems) return error(404, 'not_found');
    this.wrong.push(...problems.map((problem) => `${method} ${path}: ${problem}`));
    if (problems.length > 0) return error(400, 'bad_request', { message: problems.join('; '), params: [] });
    const answer = this.act(request, parsed ?? {});
    const wrong = this.contract.answerProblems(method, path, { status: answer.status, body: JSON.parse(JSON.stringify(answer.body)) });
    if (wrong.length > 0 && answer.status < 400) throw new Error(`the fake answers what Recurly would not: ${wrong.join('; ')}`);
    return answer;
  }

  private act({ method, path, query }: Received, body: Thing): Answer {
    const [, resource = '', id = '', below = ''] = path.split('/');
    if (path === '/sites') return list([{ object: 'site', subdomain: 'fake' }]);
    if (path === '/purchases') return this.purchase(body);
    if (path === '/accounts') return this.account(body);
    if (resource === 'transactions') return this.transaction(id.replace('uuid-', ''));
    if (resource === 'accounts') return this.ofAccount(method, id.replace('code-', ''), { below, body, query });
    const invoice = this.invoices.find((candidate) => candidate['id'] === id);
    if (!invoice) return error(404, 'not_found');
    if (below === 'refund') return this.refund(invoice, body);
    if (below === 'related_invoices') return list(this.invoices.filter(({ previous_invoice_id: of }) => of === id));
    if (below === 'mark_failed') {
      if (invoice['state'] !== 'past_due') return error(422, 'validation');
      invoice['state'] = 'failed';
    }
    return { status: 200, body: { ...invoice } };
  }

  private account(body: Thing): Answer {
    const code = String(body['code']);
    if (this.accounts.has(code)) return error(422, 'validation', { params: [{ param: 'code' }] });
    const made = { id: this.id('acc'), object: 'account', code, hosted_login_token: 'a-token', ...body };
    this.accounts.set(code, made);
    return { status: 201, body: made };
  }

  private ofAccount(method: string, code: string, { below, body, query }: { below: string; body: Thing; query: string }): Answer {
    const account = this.accounts.get(code);
    if (!account) return error(404, 'not_found');
    if (below === 'invoices') {
      const type = new URLSearchParams(query).get('type');
      return list(
        this.invoices.filter((invoice) => invoice['account'].code === code && (type === null || invoice['type'] === type)).reverse(),
      );
    }
    if (below === 'billing_info') return method === 'PUT' ? this.bill(code, String(body['token_id'])) : this.billed(code);
    if (method === 'PUT') Object.assign(account, body);
    return { status: 200, body: account };
  }

  /** A customer gives another payment method, by our page or by Recurly's. */
  bill(code: string, token: string): Answer {
    if (!token.startsWith('tok-')) return error(422, 'invalid_token', { params: [{ param: 'token_id' }] });
    const updatedAt = new Date(this.nowMs + (this.count += 1)).toISOString();
    const method =
      token === 'tok-ach'
        ? { object: 'bank_account_info', last_four: '6789' }
        : { object: 'credit_card', card_type: 'Visa', last_four: '1111' };
    const view = {
      id: 'bi',
      object: 'billing_info',
      account_id: this.accounts.get(code)?.['id'],
      valid: true,
      updated_at: updatedAt,
      payment_method: method,
    };
    this.billing.set(code, { token, view });
    this.tell('billing_info', 'updated', { account_code: code });
    return this.billed(code);
  }

  private billed(code: string): Answer {
    const info = this.billing.get(code);
    return info ? { status: 200, body: info.view } : error(404, 'not_found');
  }

  private purchase(body: Thing): Answer {
    const code = String(body['account'].code);
    const info = this.billing.get(code);
    if (!info) return error(422, 'validation', { params: [{ param: 'account.billing_info' }] });
    const declined = DECLINES[info.token];
    const state = declined ? 'past_due' : info.token === 'tok-ach' ? 'processing' : 'paid';
    const status = declined ? 'declined' : state === 'paid' ? 'success' : 'processing';
    if (declined && !this.leavesPastDue) {
      this.tell('payment', 'failed', { uuid: this.id('uuid') });
      return this.refused(declined);
    }
    const invoice = this.invoice(
      { type: 'charge', state, code, body, total: Number(body['line_items'][0].unit_amount) },
      { type: 'purchase', status, statusCode: declined?.code },
    );
    this.tell('payment', TOLD[status], { uuid: invoice['transactions'][0].uuid });
    return declined ? this.refused(declined) : { status: 201, body: { object: 'invoice_collection', charge_invoice: { ...invoice } } };
  }

  private refused({ code, category }: { code: string; category: string }): Answer {
    return error(422, 'transaction', {
      transaction_error: { object: 'transaction_error', transaction_id: this.id('tr'), category, code, message: 'Declined' },
    });
  }

  private refund(charge: Thing, body: Thing): Answer {
    if (charge['state'] !== 'paid') return error(422, 'validation', { params: [{ param: 'invoice' }] });
    const cents = (amount: unknown): number => Math.round(Number(amount) * 100);
    const left = this.invoices
      .filter((invoice) => invoice['previous_invoice_id'] === charge['id'])
      .reduce((sum, invoice) => sum + cents(invoice['total']), cents(charge['total']));
    if (cents(body['amount']) > left) return error(422, 'validation', { params: [{ param: 'amount' }] });
    const details = { currency: charge['currency'], customer_notes: body['credit_customer_notes'] };
    const invoice = this.invoice(
      { type: 'credit', state: 'closed', code: charge['account'].code, body: details, total: -Number(body['amount']) },
      { type: 'refund', status: 'success' },
    );
    invoice['previous_invoice_id'] = charge['id'];
    this.tell('payment', 'refunded', { uuid: invoice['transactions'][0].uuid });
    return { status: 201, body: { ...invoice } };
  }

  private invoice(
    { type, state, code, body, total }: { type: string; state: string; code: string; body: Thing; total: number },
    transaction: { readonly type: string; readonly status: string; readonly statusCode?: string | undefined },
  ): Thing {
    const uuid = this.id('uuid');
    const { statusCode, ...rest } = transaction;
    const invoice: Thing = {
      id: this.id('inv'),
      object: 'invoice',
      type,
      state,
      account: { object: 'account', code },
      currency: body['currency'],
      customer_notes: body['customer_notes'],
      total,
      transactions: [
        { id: this.id('tr'), object: 'transaction', uuid, ...rest, ...(statusCode === undefined ? {} : { status_code: statusCode }) },
      ],
    };
    this.invoices.push(invoice);
    this.byTransaction.set(uuid, invoice);
    return invoice;
  }

  private transaction(uuid: string): Answer {
    const invoice = this.byTransaction.get(uuid);
    const view = { object: 'transaction', uuid };
    return { status: 200, body: invoice ? { ...view, invoice: { id: invoice['id'], object: 'invoice' } } : view };
  }

  private id(prefix: string): string {
    return `${prefix}${String((this.count += 1))}`;
  }

  private tell(thing: string, event: string, more: object): void {
    const id = this.id('notice');
    const body = JSON.stringify({
      id,
      object_type: thing,
      site_id: 'site',
      event_type: event,
      event_time: new Date().toISOString(),
      ...more,
    });
    this.pending.push({ id, body });
  }
}
