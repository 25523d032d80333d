import type Stripe from 'stripe';
import type { Config } from '../../config.js';

/** The API version that this adapter was written for. It goes with the version of the SDK; webhook endpoints need it, too. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** Made when it is first needed: the SDK is large. It repeats nothing but what broke off; what else is to be repeated, payments repeat. */
export async function stripeClient({ stripeSecretKey, stripeApiBase, providerTimeoutMs }: Config): Promise<Stripe> {
  if (stripeSecretKey === undefined) throw new RangeError('there is no key for Stripe');
  const { default: Client } = await import('stripe');
  return new Client(stripeSecretKey, {
    apiVersion: STRIPE_API_VERSION,
    maxNetworkRetries: 0,
    timeout: providerTimeoutMs,
    telemetry: false,
    ...(stripeApiBase === undefined ? {} : baseOf(new URL(stripeApiBase))),
  });
}

const baseOf = ({ hostname, port, protocol }: URL): Stripe.StripeConfig => ({
  host: hostname,
  port: port || (protocol === 'https:' ? 443 : 80),
  protocol: protocol === 'https:' ? 'https' : 'http',
});
