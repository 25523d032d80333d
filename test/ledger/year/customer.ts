import { formatMoney, parseMoney } from '../../../src/domain/currency.js';
import { chance } from '../../support/chance.js';
import { ADD_ON, CURRENCIES, type Currency, COUPONS, couponOf, planKey, PLANS, TAXES } from './catalog.js';
import { type Answer, must, type Service } from './service.js';

const ZONES = ['UTC', 'America/New_York', 'Asia/Tokyo', 'Pacific/Apia', 'Asia/Kolkata'];
const CARDS = ['sandbox_ok', 'sandbox_ok', 'sandbox_declined_soft', 'sandbox_requires_action'];
const GRACES = [null, { unit: 'hour', count: 0 }, { unit: 'day', count: 2 }];
const DAY_MS = 86_400_000;
const SUBSCRIPTIONS_MAX = 3;

type Act = (this: Customer) => Promise<Answer | undefined>;

const BILLING = [1, 'bill', bill] as const;

/** How often each act is tried, against the others. */
const ACTS: readonly (readonly [weight: number, name: string, act: Act])[] = [
  [3, 'subscribe', subscribe],
  [1, 'add-on', addOn],
  [3, 'change-plan', changePlan],
  [3, 'change-quantity', changeQuantity],
  [2, 'cancel', cancel],
  [1, 'uncancel', uncancel],
  [1, 'pause', pause],
  [1, 'resume', resume],
  [1, 'extend-trial', extendTrial],
  [1, 'discard-scheduled', discardScheduled],
  [4, 'credit note', creditNote],
  [3, 'wire', wire],
  [1, 'pay', pay],
  [2, 'refund', refund],
  [2, 'void', voidInvoice],
  [1, 'mark-uncollectible', markUncollectible],
  [2, 'grant', grant],
  [2, 'invoice by hand', invoiceByHand],
  [2, 'finalize', finalize],
  [1, 'end grant', endGrant],
  [2, 'void event', voidEvent],
  [1, 'card', addCard],
  [1, 'other taxes', otherTaxes],
  BILLING,
];
const WEIGHTS = ACTS.reduce((sum, [weight]) => sum + weight, 0);

/** One account, whose acts follow from the seed. */
export class Customer {
  readonly key: string;
  readonly currency: Currency;
  readonly random: () => number;
  /** Ids of events of its that were reported. */
  readonly events: string[] = [];
  readonly tried = new Map<string, number>();
  readonly done = new Map<string, number>();
  now = '';
  private reported = 0;

  constructor(
    readonly service: Service,
    private readonly index: number,
    seed: number,
  ) {
    this.key = `year-${String(index).padStart(3, '0')}`;
    this.currency = CURRENCIES[index % CURRENCIES.length] ?? 'USD';
    this.random = chance(seed * 1_000_003 + index);
  }

  /** The account, with a subscription of the kind that its number says. */
  async arrive(now: string): Promise<void> {
    this.now = now;
    must(await this.put(TAXES[this.index % TAXES.length] ?? []));
    if (this.collects) must(await addCard.call(this));
    must(await this.start(PLANS[this.index % PLANS.length] ?? 'flat'));
  }

  async act(now: string): Promise<void> {
    this.now = now;
    let left = this.random() * WEIGHTS;
    const [, name, act] = ACTS.find(([weight]) => (left -= weight) < 0) ?? BILLING;
    const answer = await act.call(this);
    if (!answer) return;
    this.tried.set(name, (this.tried.get(name) ?? 0) + 1);
    if (answer.status < 300) this.done.set(name, (this.done.get(name) ?? 0) + 1);
    else if (answer.status >= 500) throw new Error(`${this.key}: ${name}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  }

  /** What it used since yesterday; some of it is told a month late. */
  usage(now: string): object[] {
    if (this.random() < 0.5) return [];
    return Array.from({ length: 1 + this.below(2) }, () => {
      const late = this.random() < 0.1 ? this.below(40) * DAY_MS : 0;
      const time = new Date(Date.parse(now) - late - this.below(DAY_MS)).toISOString();
      const id = `${this.key}-${String((this.reported += 1))}`;
      this.events.push(id);
      const level = this.random() < 0.4;
      const data = level ? { node: this.one(['a', 'b', 'c']), n: this.below(4) } : { n: this.below(40) };
      return { id, source: 'year', type: level ? 'node' : 'call', subject: this.key, time, data };
    });
  }

  get collects(): boolean {
    return this.index % 2 === 0;
  }

  below(most: number): number {
    return Math.floor(this.random() * most);
  }
  one<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }
  later(days: number): string {
    return new Date(Date.parse(this.now) + days * DAY_MS).toISOString();
  }
  /** Some of an amount, or all of it. */
  share(amount: string): string {
    const minor = parseMoney(amount.replace('-', ''), this.currency);
    const part = BigInt(Math.ceil(this.random() * 1_000));
    return formatMoney(this.random() < 0.4 ? minor : (minor * part) / 1_000n, this.currency);
  }

  put(taxRates: readonly string[]): Promise<Answer> {
    const timeZone = ZONES[this.index % ZONES.length];
    const provider = this.collects ? 'sandbox' : 'manual';
    const usageGrace = this.one(GRACES); // of metered invoices, which wait for it as drafts
    return this.service.call('PUT', `/v2/accounts/${this.key}`, {
      usageGrace,
      kind: 'user',
      name: this.key,
      currency: this.currency,
      timeZone,
      provider,
      taxRates,
      taxIds: [{ type: 'eu_vat', value: 'FR12345678901' }],
    });
  }

  start(plan: string, more: object = {}): Promise<Answer> {
    const quantities = plan === 'seats' ? { quantities: { seat: 1 + this.below(5) } } : {};
    return this.service.call('POST', '/v2/subscriptions', {
      account: this.key,
      plan: planKey(plan, this.currency),
      ...quantities,
      ...more,
    });
  }

  async list(path: string): Promise<any[]> {
    return must(await this.service.call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100`)).data;
  }
  async live(): Promise<any[]> {
    const all = await this.list(`/v2/subscriptions?account=${this.key}`);
    const told = ({ createdAt, plan, startsAt }: any): string => `${String(createdAt)} ${String(plan)} ${String(startsAt)}`;
    return all.filter(({ status }) => status !== 'canceled').sort((a, b) => (told(a) < told(b) ? -1 : 1));
  }
  async invoice(): Promise<any> {
    const all = await this.list(`/v2/invoices?account=${this.key}`);
    return this.one(
      all
        .filter(({ number }) => number !== null)
        .sort((a, b) => (String(a.number) < String(b.number) ? 1 : -1))
        .slice(0, 6),
    );
  }
  post(path: string, body: object = {}): Promise<Answer> {
    return this.service.call('POST', path, body);
  }
}

/** An act on one of the live subscriptions, of those that it is for. */
async function on(
  customer: Customer,
  action: string,
  body: object,
  isFor: (subscription: any) => boolean = () => true,
): Promise<Answer | undefined> {
  const subscription = customer.one((await customer.live()).filter(isFor));
  return subscription && customer.post(`/v2/subscriptions/${String(subscription.id)}/${action}`, body);
}

const when = (customer: Customer): string => customer.one(['now', 'now', 'period_end', customer.later(3)]);

async function subscribe(this: Customer): Promise<Answer | undefined> {
  const coupon = this.one([{}, { coupon: this.one(COUPONS) }, { coupon: couponOf(this.currency) }]);
  const starts = this.one([
    {},
    {},
    { startsAt: this.later(5) },
    { startsAt: this.later(-5) },
    { alignment: 'calendar' },
    { endsAt: this.later(45) },
  ]);
  const plan = this.one(PLANS);
  return (await this.live()).length < SUBSCRIPTIONS_MAX ? this.start(plan, { ...coupon, ...starts }) : undefined;
}

async function addOn(this: Customer): Promise<Answer | undefined> {
  const parent = this.one((await this.live()).filter(({ addOnTo }) => addOnTo === null));
  return parent && this.start(ADD_ON, { addOnTo: parent.id });
}

function changePlan(this: Customer): Promise<Answer | undefined> {
  const proration = this.one(['prorate', 'prorate', 'none']);
  const anchor = this.one([{}, {}, { anchor: 'reset' }]);
  return on(this, 'change-plan', {
    plan: planKey(this.one(PLANS), this.currency),
    when: this.one([when(this), 'auto']),
    proration,
    ...anchor,
  });
}

async function changeQuantity(this: Customer): Promise<Answer | undefined> {
  const body = { quantity: this.below(8), when: when(this) };
  const subscription = this.one((await this.live()).filter(({ plan }) => !/^(nodes|tiers|support)/.test(plan)));
  const price = String(subscription?.plan).startsWith('seats') ? 'seat' : 'fee';
  return subscription && this.post(`/v2/subscriptions/${String(subscription.id)}/change-quantity`, { price, ...body });
}

function cancel(this: Customer): Promise<Answer | undefined> {
  return on(this, 'cancel', { when: when(this), proration: this.one(['prorate', 'none']), invoiceUsage: this.random() < 0.8 });
}

function uncancel(this: Customer): Promise<Answer | undefined> {
  return on(this, 'uncancel', {}, ({ endsAt }) => endsAt !== null);
}

function pause(this: Customer): Promise<Answer | undefined> {
  return on(this, 'pause', { when: when(this), ...this.one([{}, { resumesAt: this.later(12) }]) });
}

function resume(this: Customer): Promise<Answer | undefined> {
  return on(this, 'resume', { when: when(this) }, ({ pause: paused }) => paused !== null);
}

function extendTrial(this: Customer): Promise<Answer | undefined> {
  return on(this, 'extend-trial', { trialEndsAt: this.later(10) }, ({ trialEndsAt }) => trialEndsAt > this.now);
}

function discardScheduled(this: Customer): Promise<Answer | undefined> {
  return on(this, 'discard-scheduled', {});
}

async function creditNote(this: Customer): Promise<Answer | undefined> {
  const invoice = await this.invoice();
  if (!invoice) return undefined;
  const line = this.one(invoice.lines as any[]);
  const amount = this.share(invoice.total);
  const what = this.one([{}, { amount }, { lines: [{ line: line.id }] }, { lines: [{ line: line.id, amount: this.share(line.amount) }] }]);
  if (JSON.stringify(what).includes(`"amount":"${formatMoney(0n, this.currency)}"`)) return undefined;
  return this.post(`/v2/invoices/${String(invoice.id)}/credit-notes`, {
    reason: 'goodwill',
    settle: this.one(['refund', 'balance', 'none']),
    ...what,
  });
}

async function wire(this: Customer): Promise<Answer | undefined> {
  const invoice = await this.invoice();
  if (!invoice || parseMoney(invoice.amountOpen, this.currency) <= 0n) return undefined;
  const amount = this.share(invoice.amountOpen);
  return parseMoney(amount, this.currency) === 0n ? undefined : this.post('/v2/payments', { invoice: invoice.id, amount, method: 'wire' });
}

async function pay(this: Customer): Promise<Answer | undefined> {
  const invoice = await this.invoice();
  return invoice && this.post(`/v2/invoices/${String(invoice.id)}/pay`);
}

async function refund(this: Customer): Promise<Answer | undefined> {
  const payment = this.one(await this.list(`/v2/payments?account=${this.key}`));
  return payment && this.post(`/v2/payments/${String(payment.id)}/refunds`, { reason: 'given back' });
}

async function voidInvoice(this: Customer): Promise<Answer | undefined> {
  const invoice = await this.invoice();
  return invoice && this.post(`/v2/invoices/${String(invoice.id)}/void`, { reason: 'wrong', rebill: this.random() < 0.5 });
}

async function markUncollectible(this: Customer): Promise<Answer | undefined> {
  const invoice = await this.invoice();
  return invoice && this.post(`/v2/invoices/${String(invoice.id)}/mark-uncollectible`, { reason: 'gone' });
}

function grant(this: Customer): Promise<Answer | undefined> {
  const amount = formatMoney(BigInt(1 + this.below(5_000)), this.currency);
  const expires = this.one([{}, { expiresAt: this.later(20) }, { expiresAt: this.later(60), priority: 10 }]);
  return this.post(`/v2/accounts/${this.key}/credit-grants`, { amount, kind: this.one(['paid', 'promotional']), ...expires });
}

function invoiceByHand(this: Customer): Promise<Answer> {
  const line = { description: 'Work', amount: formatMoney(BigInt(1 + this.below(9_000)), this.currency) };
  return this.post('/v2/invoices', { account: this.key, lines: [line, ...this.one([[], [line]])], draft: this.random() < 0.5 });
}

async function finalize(this: Customer): Promise<Answer | undefined> {
  const draft = this.one(await this.list(`/v2/invoices?account=${this.key}&status=draft`));
  return draft && this.post(`/v2/invoices/${String(draft.id)}/finalize`);
}

async function endGrant(this: Customer): Promise<Answer | undefined> {
  const found = this.one(await this.list(`/v2/accounts/${this.key}/credit-grants`));
  const path = `/v2/accounts/${this.key}/credit-grants/${String(found?.id)}/${this.one(['void', 'expire'])}`;
  return found && this.post(path, { reason: 'a mistake' });
}

async function voidEvent(this: Customer): Promise<Answer | undefined> {
  if (this.events.length === 0) return undefined;
  const path = `/v2/usage/events?account=${this.key}&source=year&id=${this.one(this.events)}`;
  const [event] = must(await this.service.call('GET', path)).data;
  return event && this.post(`/v2/usage/events/${String(event.eventId)}/void`, { reason: 'reported by mistake' });
}

function addCard(this: Customer): Promise<Answer> {
  return this.post(`/v2/accounts/${this.key}/payment-methods`, { token: this.one(CARDS) });
}

function otherTaxes(this: Customer): Promise<Answer | undefined> {
  return this.put(this.one(TAXES));
}

function bill(this: Customer): Promise<Answer | undefined> {
  return this.post(`/v2/accounts/${this.key}/bill`);
}
