import { Inject, Injectable } from '@nestjs/common';
import type { Client, Invoice, InvoiceCollection } from 'recurly';
import { Clock } from '../../common/clock.js';
import { accountIdOf } from '../../common/ids.js';
import { CONFIG, type Config } from '../../config.js';
import { MINUTE } from '../../domain/instant.js';
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
import { recurlyAmounts, toRecurly } from './amounts.js';
import { recurlyClient } from './client.js';
import { outcomeOfCredit, outcomeOfFailure, outcomeOfInvoice, statusOf } from './outcomes.js';
import { factsOf, methodOf, noteOf, readNotification } from './webhooks.js';

/** Recurly keeps keys for one hour: from this age on, one may be forgotten before its request arrives. */
const WINDOW = 50n * MINUTE;

const COMPANY_LENGTH_MAX = 50;
const PAGE = 200;

/** The SDK passes headers on, but does not say so in its types. */
type Keyed = Record<
  'createPurchase' | 'refundInvoice' | 'updateBillingInfo' | 'createAccount' | 'updateAccount' | 'markInvoiceFailed',
  (...args: unknown[]) => Promise<never>
>;
const under = (key: string): object => ({ headers: { 'Idempotency-Key': key } });

/**
 * Recurly as a mover of money alone: one purchase with one line for what we want to collect; plans, subscriptions and retries are ours. Each write bears
 * its key twice: as Idempotency-Key, by which a repetition within an hour is no second one, and in the invoice's notes, by which it is found at any time.
 */
@Injectable()
export class RecurlyProvider implements PaymentProvider {
  readonly name = 'recurly';
  readonly capabilities: Capabilities = { collects: true, tokens: true, refunds: true, webhooks: true, cancels: false };
  private made: Promise<Client> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** The account's code at Recurly is our id of it. */
  ensureCustomer({ accountId, name, email }: Customer): Promise<string> {
    const details = { company: name.slice(0, COMPANY_LENGTH_MAX), ...(email === null ? {} : { email }) };
    return this.reach(async (client) => {
      const keyed = client as unknown as Keyed;
      try {
        await keyed.updateAccount(`code-${accountId}`, details, under(`account:${accountId}:${String(this.clock.now())}`));
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        await keyed.createAccount({ code: accountId, ...details }, under(`account:${accountId}`));
      }
      return accountId;
    });
  }

  /** A page of Recurly's own, where the account is logged in by its token. */
  setUpMethod(customer: string): Promise<MethodSetup> {
    return this.reach(async (client) => {
      const [{ hostedLoginToken }, site] = await Promise.all([
        client.getAccount(`code-${customer}`),
        client.listSites({ params: { limit: 1 } }).first(),
      ]);
      return { kind: 'page', url: `https://${site.subdomain ?? ''}.recurly.com/account/billing_info/edit?ht=${hostedLoginToken ?? ''}` };
    });
  }

  /** The token of Recurly.js becomes the account's billing info, in place of what it had. */
  storeMethod(customer: string, token: string): Promise<StoredMethod> {
    return this.reach(
      async (client) =>
        methodOf(
          await (client as unknown as Keyed).updateBillingInfo(`code-${customer}`, { tokenId: token }, under(`token:${customer}:${token}`)),
        ),
      methodRefused('Recurly'),
    );
  }

  amounts(currency: string): ChargeableAmounts | undefined {
    return recurlyAmounts(currency);
  }

  async charge(request: ChargeRequest): Promise<Outcome> {
    const { key, customer, amountMinor, currency, since } = request;
    const reason = whyNotChargeable(recurlyAmounts(currency), amountMinor);
    if (reason !== undefined) return { kind: 'not_attempted', reason };
    if (since === undefined || this.clock.now() - since > WINDOW) {
      const known = await this.lookUp(key, { customer });
      if (known.kind !== 'not_attempted') return known;
    }
    try {
      const made = await this.purchase(request);
      return made?.state === 'paid' ? outcomeOfInvoice(made) : this.sent(await this.lookUp(key, { customer }));
    } catch (error) {
      const outcome = outcomeOfFailure(error);
      return outcome.kind === 'declined' ? this.afterDecline(request, outcome) : outcome;
    }
  }

  async refund({ key, charge, amountMinor, currency }: RefundRequest): Promise<Outcome> {
    try {
      const client = await this.client();
      for await (const invoice of client.listRelatedInvoices(charge).each())
        if (invoice.customerNotes === noteOf(key)) return outcomeOfCredit(invoice);
      const body = {
        type: 'amount',
        amount: toRecurly(amountMinor, currency),
        refundMethod: 'all_transaction',
        creditCustomerNotes: noteOf(key),
      };
      const credit: Invoice = await (client as unknown as Keyed).refundInvoice(charge, body, under(key));
      return outcomeOfCredit(credit);
    } catch (error) {
      return outcomeOfFailure(error);
    }
  }

  async lookUp(key: string, holder?: KeyHolder): Promise<Outcome> {
    const customer = holder?.customer ?? accountIdOf(key.split(':')[0] ?? '');
    if (customer === undefined) return { kind: 'unknown', reason: 'Recurly finds a charge by its account only.' };
    try {
      const invoice = await this.find(key, customer);
      return invoice ? await this.settled(invoice) : { kind: 'not_attempted', reason: 'Recurly never saw it.' };
    } catch {
      return { kind: 'unknown', reason: 'Recurly could not be asked.' };
    }
  }

  /** Nothing waits for its customer here, so there is nothing to give up: what has become of it, or is still to come. */
  async cancel(key: string, holder?: KeyHolder): Promise<Outcome> {
    return this.sent(await this.lookUp(key, holder));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it refuses is a rejection, as of every provider
  async readWebhook(received: ReceivedWebhook): Promise<Notification[]> {
    return [readNotification(received, { secrets: this.config.recurlyWebhookSecrets, at: this.clock.wall() })];
  }

  factsOf(notification: Notification): Promise<ProviderFact[]> {
    return this.reach((client) => factsOf(client, notification));
  }

  /**
   * One line, no tax, coupon or credit of Recurly's: what is collected is what we ask for. Answers the invoice as it was when this key was first met;
   * none where the SDK took a failure for an answer, which it does when it cannot read it.
   */
  private async purchase({ key, customer, amountMinor, currency, description }: ChargeRequest): Promise<Invoice | undefined> {
    const keyed = (await this.client()) as unknown as Keyed;
    const answer: InvoiceCollection = await keyed.createPurchase(
      {
        currency,
        account: { code: customer },
        collectionMethod: 'automatic',
        creditApplicationPolicyOverride: { mode: 'none' },
        customerNotes: noteOf(key),
        lineItems: [{ type: 'charge', currency, unitAmount: toRecurly(amountMinor, currency), quantity: 1, taxExempt: true, description }],
      },
      under(key),
    );
    return answer.chargeInvoice ?? undefined;
  }

  /** A decline is final once Recurly holds no invoice of it that it would try again by itself. */
  private async afterDecline({ key, customer }: ChargeRequest, declined: Outcome): Promise<Outcome> {
    const known = await this.lookUp(key, { customer });
    return known.kind === 'not_attempted' || known.kind === 'declined' ? declined : known;
  }

  /** What was sent is there, or will be. */
  private sent(outcome: Outcome): Outcome {
    const isMissing = outcome.kind === 'not_attempted' && outcome.reason !== 'canceled';
    return isMissing ? { kind: 'unknown', reason: 'Recurly does not show it yet.' } : outcome;
  }

  /** An invoice whose collection failed would be tried again by Recurly, beside our own dunning: it is marked as failed. */
  private async settled(invoice: Invoice): Promise<Outcome> {
    const last = invoice.transactions?.at(-1)?.status;
    if (invoice.state !== 'past_due' || (last !== 'declined' && last !== 'error')) return outcomeOfInvoice(invoice);
    const keyed = (await this.client()) as unknown as Keyed;
    const id = invoice.id ?? '';
    return outcomeOfInvoice(await keyed.markInvoiceFailed(id, under(`failed:${id}`)));
  }

  private async find(key: string, customer: string): Promise<Invoice | undefined> {
    const client = await this.client();
    const params = { type: 'charge', sort: 'created_at', order: 'desc', limit: PAGE };
    try {
      for await (const invoice of client.listAccountInvoices(`code-${customer}`, { params }).each())
        if (invoice.customerNotes === noteOf(key)) return invoice;
    } catch (error) {
      if (statusOf(error) !== 404) throw error; // no such account: nothing was charged to it
    }
    return undefined;
  }

  /** Errors of the SDK quote what was sent, and are not passed on. @throws Refusal `refusal` where Recurly takes what was sent for wrong */
  private async reach<Answer>(ask: (client: Client) => Promise<Answer>, refusal?: Refusal): Promise<Answer> {
    try {
      return await ask(await this.client());
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw refusal && [400, 404, 422].includes(statusOf(error)) ? refusal : unreachable('Recurly');
    }
  }

  private client(): Promise<Client> {
    return (this.made ??= recurlyClient(this.config));
  }
}
