import type Stripe from 'stripe';
import type { MethodSetup, StoredMethod } from '../port.js';
import { methodRefused } from '../unreachable.js';

/** Where a customer adds a payment method: Stripe's own page where there is an address to come back to, else a secret for Stripe.js. */
export async function setUp(
  client: Stripe,
  { customer, currency, returnUrl }: { readonly customer: string; readonly currency: string; readonly returnUrl: string | undefined },
): Promise<MethodSetup> {
  if (returnUrl !== undefined) {
    const { url } = await client.checkout.sessions.create({
      mode: 'setup',
      customer,
      currency: currency.toLowerCase(),
      success_url: returnUrl,
      cancel_url: returnUrl,
    });
    if (url !== null) return { kind: 'page', url };
  }
  const { client_secret: secret } = await client.setupIntents.create({
    customer,
    usage: 'off_session',
    automatic_payment_methods: { enabled: true },
  });
  return { kind: 'client_secret', secret: secret ?? '' };
}

/**
 * What a token names: a SetupIntent or Checkout session that the customer has completed, or a payment method, which becomes the customer's.
 * @throws Refusal `payment_method_refused`
 */
export async function storedMethod(client: Stripe, customer: string, token: string): Promise<StoredMethod> {
  const method = await methodNamed(client, customer, token);
  if (method.customer === null) return methodOf(await client.paymentMethods.attach(method.id, { customer }));
  if (idOf(method.customer) !== customer) throw methodRefused('Stripe');
  return methodOf(method);
}

async function methodNamed(client: Stripe, customer: string, token: string): Promise<Stripe.PaymentMethod> {
  if (token.startsWith('pm_')) return client.paymentMethods.retrieve(token);
  if (token.startsWith('cs_')) {
    const { setup_intent: setup } = await client.checkout.sessions.retrieve(token);
    if (setup === null) throw methodRefused('Stripe');
    return methodNamed(client, customer, idOf(setup));
  }
  if (!token.startsWith('seti_')) throw methodRefused('Stripe');
  const setup = await client.setupIntents.retrieve(token, { expand: ['payment_method'] });
  const { payment_method: method } = setup;
  if (setup.status !== 'succeeded' || method === null || typeof method === 'string') throw methodRefused('Stripe');
  return method;
}

/** A payment method as people know it, and nothing that could be charged elsewhere. */
export function methodOf({ id: reference, type, card, sepa_debit: sepa, us_bank_account: bank }: Stripe.PaymentMethod): StoredMethod {
  const last4 = card?.last4 ?? sepa?.last4 ?? bank?.last4;
  const name = card?.display_brand ?? card?.brand ?? type;
  const words = name.replaceAll('_', ' ');
  const shown = `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
  return { reference, label: last4 === undefined || last4 === null ? shown : `${shown} ending in ${last4}` };
}

export const idOf = (thing: string | { readonly id: string }): string => (typeof thing === 'string' ? thing : thing.id);
