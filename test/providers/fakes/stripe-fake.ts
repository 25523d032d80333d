import { type Answer, FakeServer, type Received } from './fake-server.js';
import type { Delivery, FakeProvider, Moved } from './fake-provider.js';
import { formOf, StripeContract } from './stripe-contract.js';

const DAY_MS = 86_400_000;
const SECRET = 'whsec_for_tests_and_for_tests_only';

const error = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: { error: body },
  headers,
});
const missing = (param: string): Answer =>
  error(404, { type: 'invalid_request_error', code: 'resource_missing', param, message: 'No such thing' });

type Thing = Record<string, any>;

/** How a payment method behaves, by what its name ends in; `pm_fake_<decline code>` and `pm_fake_advice_<advice code>` are declined so. */
function declineOf(method: string): Thing | undefined {
  if (method === 'pm_card_chargeCustomerFail') return { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline' };
  if (method === 'pm_card_authenticationRequired')
    return { type: 'card_error', code: 'authentication_required', decline_code: 'authentication_required' };
  const [, advice] = /^pm_fake_advice_(\w+)$/.exec(method) ?? [];
  if (advice !== undefined) return { type: 'card_error', code: 'card_declined', decline_code: 'do_not_honor', advice_code: advice };
  const [, code] = /^pm_fake_(\w+)$/.exec(method) ?? [];
  return code === undefined ? undefined : { type: 'card_error', code: 'card_declined', decline_code: code };
}

/**
 * Stripe as its documentation describes it, as far as the adapter goes: requests are checked against what is derived from its SDK before anything else,
 * answers against the SDK's types; it has books of its own. Searches see what is older than a minute.
 */
export class StripeFake extends FakeServer implements FakeProvider {
  readonly name = 'stripe';
  readonly tokens = {
    ok: 'pm_card_visa',
    declined: 'pm_card_chargeCustomerFail',
    action: 'pm_card_authenticationRequired',
    processing: 'pm_bank_processing',
  };
  readonly chargePath = '/v1/payment_intents';
  readonly refundPath = '/v1/refunds';
  readonly windowMs = DAY_MS;
  private readonly contract = StripeContract.derived();
  private readonly things = new Map<string, Thing>();
  private pending: Delivery[] = [];
  private count = 0;

  private constructor() {
    super({
      rateLimited: error(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' }),
      inFlight: error(409, { type: 'invalid_request_error', code: 'idempotency_key_in_use', message: 'Another request is in progress' }),
      fault: error(500, { type: 'api_error', message: 'Something went wrong' }, { 'stripe-should-retry': 'false' }),
      mismatch: error(400, { type: 'idempotency_error', message: 'Keys can only be used with the same parameters' }),
      replayed: { 'idempotent-replayed': 'true' },
      windowMs: DAY_MS,
    });
  }

  static async start(): Promise<StripeFake> {
    const fake = new StripeFake();
    await fake.listen();
    return fake;
  }

  get env(): Record<string, string> {
    return { STRIPE_SECRET_KEY: 'sk_test_for_tests_only', STRIPE_WEBHOOK_SECRET: SECRET, STRIPE_API_BASE: this.url };
  }

  moved(kind: 'charge' | 'refund'): Moved[] {
    const object = kind === 'charge' ? 'payment_intent' : 'refund';
    return this.all(object)
      .filter(({ status }) => status === 'succeeded')
      .map(({ metadata, amount, currency }) => ({
        key: metadata['wharfage_key'],
        amount: String(amount),
        currency: String(currency).toUpperCase(),
      }));
  }

  settle(key: string): void {
    const intent = this.all('payment_intent').find(({ metadata, status }) => metadata['wharfage_key'] === key && status === 'processing');
    if (!intent) throw new Error(`nothing is processing under ${key}`);
    intent['status'] = 'succeeded';
    this.tell('payment_intent.succeeded', intent);
  }

  settleAll(): void {
    for (const { status, metadata } of this.all('payment_intent'))
      if (status === 'processing') this.settle(String(metadata[`wharfage_key`]));
  }

  /** What Stripe would send, and had not sent yet. */
  async deliveries(): Promise<readonly Delivery[]> {
    const { default: Stripe } = await import('stripe');
    const { webhooks } = new Stripe('sk_test_for_tests_only');
    return this.pending.splice(0).map(({ body }) => ({
      body,
      headers: {
        'stripe-signature': webhooks.generateTestHeaderString({ payload: body, secret: SECRET, timestamp: Math.floor(Date.now() / 1000) }),
      },
    }));
  }

  /** A customer completes what was begun on a page or by a secret. */
  completeSetup(method: string): void {
    const setup = this.all('setup_intent').at(-1);
    if (!setup) throw new Error('nothing was set up');
    const made = this.method(method, String(setup['customer']));
    Object.assign(setup, { status: 'succeeded', payment_method: made['id'] });
    this.tell('setup_intent.succeeded', setup);
  }

  protected fingerprint({ method, path, body }: Received): string {
    return `${method} ${path} ${body}`;
  }

  protected answer(request: Received): Answer {
    if (!String(request.headers.authorization).includes('sk_test_'))
      return error(401, { type: 'invalid_request_error', message: 'Invalid API Key' });
    const params = formOf(request.method === 'GET' ? request.query : request.body) as Thing;
    const problems = this.contract.problems(request.method, request.path, params);
    if (!problems)
      return error(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${request.method}: ${request.path})` });
    this.wrong.push(...problems.map((problem) => `${request.method} ${request.path}: ${problem}`));
    if (problems.length > 0) return error(400, { type: 'invalid_request_error', code: 'parameter_unknown', message: problems.join('; ') });
    const answer = this.act(request, params);
    this.checkAnswer(answer);
    return answer;
  }

  private act({ method, path }: Received, params: Thing): Answer {
    const [, , resource = '', id = '', verb = ''] = path.split('/');
    if (id === 'search') return this.search(resource, String(params['query']));
    if (path === '/v1/checkout/sessions') return this.session(params);
    if (method === 'POST' && id === '') return this.create(resource, params);
    if (method === 'GET' && id === '') return this.list(resource, params);
    const thing =
      resource === 'payment_methods' && !this.things.has(id)
        ? this.method(id, null)
        : this.things.get(path.startsWith('/v1/checkout') ? verb : id);
    if (!thing) return missing('id');
    if (verb === 'attach') thing['customer'] = params['customer'];
    if (verb === 'cancel') return this.cancel(thing);
    if (method === 'POST' && resource === 'customers') Object.assign(thing, params);
    return { status: 200, body: this.expanded(thing, params) };
  }

  private create(resource: string, params: Thing): Answer {
    if (resource === 'customers')
      return { status: 200, body: this.add('cus', 'customer', { name: null, email: null, metadata: {}, ...params }) };
    if (resource === 'setup_intents')
      return {
        status: 200,
        body: this.add('seti', 'setup_intent', {
          status: 'requires_payment_method',
          payment_method: null,
          client_secret: 'seti_secret',
          customer: params['customer'],
        }),
      };
    return resource === 'refunds' ? this.refund(params) : this.charge(params);
  }

  private charge(params: Thing): Answer {
    const { amount, currency, customer, payment_method: method, metadata = {}, description } = params;
    const minor = Number(amount);
    if (!this.things.has(customer)) return missing('customer');
    const held = this.things.get(method);
    if (!held || held['customer'] !== customer)
      return error(400, {
        type: 'invalid_request_error',
        code: 'resource_missing',
        param: 'payment_method',
        message: 'No such PaymentMethod',
      });
    if (minor < 50) return error(400, { type: 'invalid_request_error', code: 'amount_too_small', param: 'amount', message: 'Too small' });
    const failure = declineOf(String(held['fake']));
    const intent = this.add('pi', 'payment_intent', {
      amount: minor,
      currency,
      customer,
      metadata,
      description,
      status: failure ? 'requires_payment_method' : String(held['fake']).endsWith('_processing') ? 'processing' : 'succeeded',
      last_payment_error: failure ?? null,
      next_action: null,
    });
    this.tell(failure ? 'payment_intent.payment_failed' : `payment_intent.${String(intent['status'])}`, intent);
    return failure
      ? error(402, { ...failure, message: 'Your card was declined.', payment_intent: { ...intent } })
      : { status: 200, body: { ...intent } };
  }

  private refund({ payment_intent: charge, amount, metadata = {} }: Thing): Answer {
    const intent = this.things.get(charge);
    if (intent?.['status'] !== 'succeeded') return missing('payment_intent');
    const given = this.all('refund').filter((refund) => refund['payment_intent'] === charge && refund['status'] !== 'failed');
    const left = given.reduce((sum, refund) => sum - Number(refund['amount']), Number(intent['amount']));
    if (Number(amount) > left) return error(400, { type: 'invalid_request_error', code: 'charge_already_refunded', message: 'Too much' });
    const made = this.add('re', 'refund', {
      payment_intent: charge,
      amount: Number(amount),
      currency: intent['currency'],
      metadata,
      status: 'succeeded',
    });
    this.tell('refund.created', made);
    return { status: 200, body: { ...made } };
  }

  private cancel(intent: Thing): Answer {
    if (['succeeded', 'canceled', 'processing'].includes(String(intent['status'])))
      return error(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: 'Too late' });
    intent['status'] = 'canceled';
    this.tell('payment_intent.canceled', intent);
    return { status: 200, body: { ...intent } };
  }

  private session({ customer, mode }: Thing): Answer {
    const setup = this.add('seti', 'setup_intent', { status: 'requires_payment_method', payment_method: null, customer });
    const made = this.add('cs', 'checkout.session', {
      mode,
      customer,
      setup_intent: setup['id'],
      url: 'https://checkout.stripe.com/c/pay/cs_fake',
    });
    return { status: 200, body: made };
  }

  private list(resource: string, { customer, payment_intent: charge, limit, starting_after: after }: Thing): Answer {
    const object = resource === 'refunds' ? 'refund' : 'payment_intent';
    const all = this.all(object)
      .filter(
        (thing) =>
          (customer === undefined || thing['customer'] === customer) && (charge === undefined || thing['payment_intent'] === charge),
      )
      .reverse();
    const rest = after === undefined ? all : all.slice(all.findIndex(({ id }) => id === after) + 1);
    const data = rest.slice(0, Number(limit ?? 10));
    return { status: 200, body: { object: 'list', url: `/v1/${resource}`, has_more: rest.length > data.length, data } };
  }

  private search(resource: string, query: string): Answer {
    const [, name = '', value = ''] = /^metadata\['(\w+)'\]:'([^']*)'$/.exec(query) ?? [];
    const object = resource === 'customers' ? 'customer' : 'payment_intent';
    const visible = this.all(object).filter(({ made }) => this.nowMs - Number(made) > 60_000);
    const data = visible.filter(({ metadata }) => metadata[name] === value).slice(0, 1);
    return { status: 200, body: { object: 'search_result', url: `/v1/${resource}/search`, has_more: false, data } };
  }

  private method(name: string, customer: string | null): Thing {
    const bank = name.startsWith('pm_bank');
    return this.add('pm', 'payment_method', {
      customer,
      fake: name,
      type: bank ? 'us_bank_account' : 'card',
      ...(bank ? {} : { card: { brand: 'visa', last4: '4242' } }),
    });
  }

  private expanded(thing: Thing, { expand = [] }: Thing): Thing {
    const isAsked = (expand as string[]).includes('payment_method') && typeof thing['payment_method'] === 'string';
    return isAsked ? { ...thing, payment_method: this.things.get(thing['payment_method']) } : { ...thing };
  }

  private add(prefix: string, object: string, fields: Thing): Thing {
    this.count += 1;
    const thing = { id: `${prefix}_fake${String(this.count)}`, object, created: Math.floor(this.nowMs / 1000), ...fields };
    Object.defineProperty(thing, 'made', { value: this.nowMs });
    if ('fake' in thing) Object.defineProperty(thing, 'fake', { value: thing.fake, enumerable: false });
    this.things.set(thing.id, thing);
    return thing;
  }

  private all(object: string): Thing[] {
    return [...this.things.values()].filter((thing) => thing['object'] === object);
  }

  private tell(type: string, object: Thing): void {
    this.count += 1;
    const event = {
      id: `evt_fake${String(this.count)}`,
      object: 'event',
      type,
      created: Math.floor(Date.now() / 1000),
      data: { object: { ...object } },
    };
    this.pending.push({ body: JSON.stringify(event), headers: {} });
  }

  private checkAnswer({ status, body }: Answer): void {
    if (status >= 400) return;
    const { object, data } = body as Thing;
    for (const thing of object === 'list' || object === 'search_result' ? (data as Thing[]) : [body as Thing]) {
      const named = TYPES[String(thing['object'])];
      if (!named) throw new Error(`the fake answers an object that it does not know: ${String(thing['object'])}`);
      const problems = this.contract.answerProblems(named[0], named[1], JSON.parse(JSON.stringify(thing)));
      if (problems.length > 0) throw new Error(`the fake answers what Stripe would not: ${problems.join('; ')}`);
    }
  }
}

const TYPES: Readonly<Record<string, readonly [resource: string, type: string]>> = {
  customer: ['Customers', 'Customer'],
  setup_intent: ['SetupIntents', 'SetupIntent'],
  'checkout.session': ['Checkout/Sessions', 'Session'],
  payment_method: ['PaymentMethods', 'PaymentMethod'],
  payment_intent: ['PaymentIntents', 'PaymentIntent'],
  refund: ['Refunds', 'Refund'],
};
