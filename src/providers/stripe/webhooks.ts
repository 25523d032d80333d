import type Stripe from 'stripe';
import type { Instant } from '../../domain/instant.js';
import type { Notification, ProviderFact, ReceivedWebhook } from '../port.js';
import { unsigned } from '../unreachable.js';
import { idOf, methodOf } from './methods.js';
import { outcomeOfIntent, outcomeOfRefund } from './outcomes.js';

/** Under which names our ids stand in Stripe's metadata. */
export const KEY = 'wharfage_key';
export const ACCOUNT = 'wharfage_account';

const TOLERANCE_S = 300;

/** A webhook's event, once one of the secrets is found to have signed it. @throws Refusal `invalid_signature` */
export function readEvent(
  client: Stripe,
  { body, headers }: ReceivedWebhook,
  { secrets, at }: { secrets: readonly string[]; at: Instant },
): Notification {
  const signature = headers['stripe-signature'] ?? '';
  for (const secret of secrets) {
    try {
      return notificationOf(client.webhooks.constructEvent(body, signature, secret, TOLERANCE_S, undefined, Number(at / 1000n)));
    } catch (error) {
      if ((error as { type?: string }).type !== 'StripeSignatureVerificationError') throw unsigned('Stripe');
    }
  }
  throw unsigned('Stripe');
}

/** Events are told at least once, in any order, and with what was true then: only what they are about is taken from them. */
function notificationOf(event: Stripe.Event): Notification {
  const { id, type, created } = event;
  return { id, type, occurredAt: BigInt(created) * 1_000_000n, about: aboutOf(event) };
}

function aboutOf({ type, data }: Stripe.Event): Notification['about'] {
  const { id, object, metadata } = data.object as { id?: string; object?: string; metadata?: Stripe.Metadata | null };
  if (id === undefined) return null;
  if (object === 'payment_intent' && metadata?.[KEY] !== undefined) return { intent: id };
  if (object === 'refund' && metadata?.[KEY] !== undefined) return { refund: id };
  return type === 'setup_intent.succeeded' ? { setup: id } : null;
}

/** What is true of the thing that an event was about. */
export async function factsOf(client: Stripe, { about }: Notification): Promise<ProviderFact[]> {
  if (about?.['intent'] !== undefined) {
    const intent = await client.paymentIntents.retrieve(about['intent']);
    return keyed('charge', intent.metadata, outcomeOfIntent(intent));
  }
  if (about?.['refund'] !== undefined) {
    const refund = await client.refunds.retrieve(about['refund']);
    return keyed('refund', refund.metadata, outcomeOfRefund(refund));
  }
  return about?.['setup'] === undefined ? [] : methodFacts(client, about['setup']);
}

const keyed = (
  kind: 'charge' | 'refund',
  metadata: Stripe.Metadata | null,
  outcome: ReturnType<typeof outcomeOfIntent>,
): ProviderFact[] => {
  const key = metadata?.[KEY];
  return key === undefined ? [] : [{ kind, key, outcome }];
};

async function methodFacts(client: Stripe, id: string): Promise<ProviderFact[]> {
  const { status, customer, payment_method: method } = await client.setupIntents.retrieve(id, { expand: ['payment_method'] });
  if (status !== 'succeeded' || customer === null || method === null || typeof method === 'string') return [];
  const holder = await client.customers.retrieve(idOf(customer));
  const accountId = holder.deleted === true ? undefined : holder.metadata[ACCOUNT];
  return accountId === undefined ? [] : [{ kind: 'method', accountId, customer: holder.id, method: methodOf(method) }];
}
