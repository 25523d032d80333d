import { Inject, Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config.js';
import { HOUR } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { whyNotChargeable } from '../any-amount.js';
import type {
  Capabilities,
  ChargeableAmounts,
  ChargeRequest,
  Customer,
  KeyHolder,
  MethodSetup,
  Notification,
  Outcome,
  PaymentProvider,
  ProviderFact,
  ReceivedWebhook,
  RefundRequest,
  StoredMethod,
} from '../port.js';
import { methodRefused, unreachable } from '../unreachable.js';
import { stripeAmounts, toStripe } from './amounts.js';
import { stripeClient } from './client.js';
import { setUp, storedMethod } from './methods.js';
import { isReplayed, outcomeOfFailure, outcomeOfIntent, outcomeOfRefund, type StripeFailure } from './outcomes.js';
import { ACCOUNT, factsOf, KEY, readEvent } from './webhooks.js';

/** Stripe keeps keys for 24 hours: from this age on, one may be forgotten before its request arrives. */
const WINDOW = 23n * HOUR;

const PAGE = 100;
const CANCELABLE: readonly string[] = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

/**
 * Stripe, by PaymentIntents and SetupIntents: invoices, retries and subscriptions are ours, and Stripe has none of them. Each write bears its key twice:
 * as Idempotency-Key, by which a repetition within 24 hours is no second one, and in the metadata, by which it is found at any time.
 */
@Injectable()
export class StripeProvider implements PaymentProvider {
  readonly name = 'stripe';
  readonly capabilities: Capabilities = { collects: true, tokens: true, refunds: true, webhooks: true, cancels: true };
  private made: Promise<Stripe> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** Found by its metadata, which takes a minute to be searchable; until then the key keeps it from being made twice. */
  ensureCustomer({ accountId, name, email }: Customer): Promise<string> {
    return this.reach(async (client) => {
      const { data } = await client.customers.search({ query: `metadata['${ACCOUNT}']:'${accountId}'`, limit: 1 });
      const id =
        data[0]?.id ??
        (await client.customers.create({ metadata: { [ACCOUNT]: accountId } }, { idempotencyKey: `customer:${accountId}` })).id;
      await client.customers.update(id, { name, email: email ?? '' });
      return id;
    });
  }

  setUpMethod(customer: string, { currency }: { readonly currency: string }): Promise<MethodSetup> {
    return this.reach((client) => setUp(client, { customer, currency, returnUrl: this.config.stripeReturnUrl }));
  }

  storeMethod(customer: string, token: string): Promise<StoredMethod> {
    return this.reach((client) => storedMethod(client, customer, token), methodRefused('Stripe'));
  }

  amounts(currency: string): ChargeableAmounts | undefined {
    return stripeAmounts(currency);
  }

  async charge(request: ChargeRequest): Promise<Outcome> {
    const { key, customer, amountMinor, currency, since } = request;
    const reason = whyNotChargeable(stripeAmounts(currency), amountMinor);
    if (reason !== undefined) return { kind: 'not_attempted', reason };
    if (since === undefined || this.clock.now() - since > WINDOW) {
      const known = await this.lookUp(key, { customer });
      if (known.kind !== 'not_attempted') return known;
    }
    return this.send(request);
  }

  async refund({ key, charge, amountMinor, currency }: RefundRequest): Promise<Outcome> {
    try {
      const client = await this.client();
      for await (const refund of client.refunds.list({ payment_intent: charge, limit: PAGE }))
        if (refund.metadata?.[KEY] === key) return outcomeOfRefund(refund);
      const made = await client.refunds.create(
        { payment_intent: charge, amount: toStripe(amountMinor, currency), metadata: { [KEY]: key } },
        { idempotencyKey: key },
      );
      return outcomeOfRefund(made);
    } catch (error) {
      return outcomeOfFailure(error);
    }
  }

  async lookUp(key: string, holder?: KeyHolder): Promise<Outcome> {
    try {
      const intent = await this.find(key, holder);
      return intent ? outcomeOfIntent(intent) : { kind: 'not_attempted', reason: 'Stripe never saw it.' };
    } catch {
      return { kind: 'unknown', reason: 'Stripe could not be asked.' };
    }
  }

  async cancel(key: string, holder?: KeyHolder): Promise<Outcome> {
    try {
      const client = await this.client();
      const intent = await this.find(key, holder);
      if (!intent) return { kind: 'unknown', reason: 'Stripe does not know it yet; it may be under way.' };
      if (!CANCELABLE.includes(intent.status)) return outcomeOfIntent(intent);
      try {
        return outcomeOfIntent(await client.paymentIntents.cancel(intent.id));
      } catch {
        return outcomeOfIntent(await client.paymentIntents.retrieve(intent.id)); // went on meanwhile
      }
    } catch {
      return { kind: 'unknown', reason: 'Stripe could not be asked.' };
    }
  }

  async readWebhook(received: ReceivedWebhook): Promise<Notification[]> {
    const client = await this.client();
    return [readEvent(client, received, { secrets: this.config.stripeWebhookSecrets, at: this.clock.wall() })];
  }

  factsOf(notification: Notification): Promise<ProviderFact[]> {
    return this.reach((client) => factsOf(client, notification));
  }

  private async send({ key, customer, method, amountMinor, currency, description }: ChargeRequest): Promise<Outcome> {
    const client = await this.client();
    try {
      const intent = await client.paymentIntents.create(
        {
          amount: toStripe(amountMinor, currency),
          currency: currency.toLowerCase(),
          customer,
          payment_method: method,
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          confirm: true,
          off_session: true,
          description,
          metadata: { [KEY]: key },
        },
        { idempotencyKey: key },
      );
      return isReplayed(intent.lastResponse.headers) ? await this.earlier(key, customer) : outcomeOfIntent(intent);
    } catch (error) {
      const { type, headers } = error as StripeFailure;
      const mayBeOld = type === 'StripeIdempotencyError' || (type === 'StripeCardError' && isReplayed(headers));
      return mayBeOld ? this.earlier(key, customer) : outcomeOfFailure(error);
    }
  }

  /** What has become of an earlier request under that key, which there was. */
  private async earlier(key: string, customer: string): Promise<Outcome> {
    const intent = await this.find(key, { customer }).catch(() => undefined);
    return intent ? outcomeOfIntent(intent) : { kind: 'unknown', reason: 'Stripe has met the key before, and shows nothing yet.' };
  }

  /** For certain among those of its customer; a search sees what is some minutes old. */
  private async find(key: string, holder: KeyHolder | undefined): Promise<Stripe.PaymentIntent | undefined> {
    const client = await this.client();
    if (!holder) return (await client.paymentIntents.search({ query: `metadata['${KEY}']:'${key}'`, limit: 1 })).data[0];
    for await (const intent of client.paymentIntents.list({ customer: holder.customer, limit: PAGE }))
      if (intent.metadata[KEY] === key) return intent;
    return undefined;
  }

  /** Errors of the SDK quote what was sent, and are not passed on. @throws Refusal `refusal` where Stripe takes what was sent for wrong */
  private async reach<Answer>(ask: (client: Stripe) => Promise<Answer>, refusal?: Refusal): Promise<Answer> {
    try {
      return await ask(await this.client());
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const { type, statusCode = 0 } = error as StripeFailure;
      const isWrong = type === 'StripeCardError' || (type === 'StripeInvalidRequestError' && [400, 404].includes(statusCode));
      throw isWrong && refusal ? refusal : unreachable('Stripe');
    }
  }

  private client(): Promise<Stripe> {
    return (this.made ??= stripeClient(this.config));
  }
}
