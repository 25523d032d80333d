import { createHash } from 'node:crypto';
import type { BillingInfo, Client } from 'recurly';
import { type Instant, tryInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import type { Notification, ProviderFact, ReceivedWebhook, StoredMethod } from '../port.js';
import { unsigned } from '../unreachable.js';
import { outcomeOfCredit, outcomeOfInvoice } from './outcomes.js';
import { isSigned } from './signature.js';

/** Under which words our keys stand in the notes of Recurly's invoices. */
const NOTE = 'Wharfage ';
export const noteOf = (key: string): string => `${NOTE}${key}`;
const keyOf = (note: string | null | undefined): string | undefined =>
  note?.startsWith(NOTE) === true ? note.slice(NOTE.length) : undefined;

interface Told {
  readonly id?: string;
  readonly object_type?: string;
  readonly event_type?: string;
  readonly event_time?: string;
  readonly uuid?: string;
  readonly account_code?: string;
}

/**
 * A webhook, once one of the secrets is found to have signed it. It only says that something happened to a thing. Its name stands in a header, which
 * is not signed: whoever changes it has us look once more, and no more.
 * @throws Refusal `invalid_signature`, `bad_request`
 */
export function readNotification(
  { body, headers }: ReceivedWebhook,
  { secrets, at }: { secrets: readonly string[]; at: Instant },
): Notification {
  if (!isSigned(headers['recurly-signature'] ?? '', { body, secrets, at })) throw unsigned('Recurly');
  const told = parsed(body);
  const { object_type: thing = '', event_type: event = '', event_time: time = '' } = told;
  return {
    id: headers['recurly-notification-id'] ?? createHash('sha256').update(body).digest('hex'),
    type: `${thing}.${event}`,
    occurredAt: tryInstant(time) ?? at,
    about: aboutOf(told),
  };
}

function parsed(body: Buffer): Told {
  try {
    return JSON.parse(body.toString('utf8')) as Told;
  } catch {
    throw new Refusal('invalid', 'bad_request', "Send the event as JSON: set the endpoint's format so.");
  }
}

function aboutOf({ object_type: thing, event_type: event, uuid, account_code: account }: Told): Notification['about'] {
  if (thing === 'payment' && uuid !== undefined) return { transaction: uuid };
  return thing === 'billing_info' && event === 'updated' && account !== undefined ? { account } : null;
}

/** What is true of the thing that a notification was about. */
export async function factsOf(client: Client, { about }: Notification): Promise<ProviderFact[]> {
  const { transaction, account } = about ?? {};
  if (account !== undefined)
    return [{ kind: 'method', accountId: account, customer: account, method: methodOf(await client.getBillingInfo(`code-${account}`)) }];
  if (transaction === undefined) return [];
  const { invoice: named } = await client.getTransaction(`uuid-${transaction}`);
  if (named?.id === undefined || named.id === null) return [];
  const invoice = await client.getInvoice(named.id);
  const key = keyOf(invoice.customerNotes);
  if (key === undefined) return [];
  return [
    invoice.type === 'credit'
      ? { kind: 'refund', key, outcome: outcomeOfCredit(invoice) }
      : { kind: 'charge', key, outcome: outcomeOfInvoice(invoice) },
  ];
}

/** An account has one billing info, which keeps its id: what it was is told apart by when it was changed. */
export function methodOf({ id, updatedAt, paymentMethod }: BillingInfo): StoredMethod {
  const { object, cardType, lastFour } = paymentMethod ?? {};
  const name = cardType ?? (object ?? 'payment method').replaceAll('_', ' ');
  const shown = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  const reference = `${id ?? ''}@${updatedAt?.toISOString() ?? ''}`;
  return { reference, label: lastFour === null || lastFour === undefined ? shown : `${shown} ending in ${lastFour}` };
}
