import type Stripe from 'stripe';
import type { Outcome } from '../port.js';
import { outcomeOfDecline, type StripeDecline } from './declines.js';

/** What an error of Stripe's SDK says. Its message is not among it: that may quote what was sent. */
export interface StripeFailure extends StripeDecline {
  readonly type?: string;
  readonly statusCode?: number;
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payment_intent?: Stripe.PaymentIntent;
}

export const CANCELED: Outcome = { kind: 'not_attempted', reason: 'canceled' };

/** What became of a charge, as its PaymentIntent has it. A status that is not known settles nothing. */
export function outcomeOfIntent(intent: Stripe.PaymentIntent): Outcome {
  const { id: reference, status, last_payment_error: error } = intent;
  switch (status) {
    case 'succeeded':
      return { kind: 'succeeded', reference };
    case 'processing':
      return { kind: 'processing', reference };
    case 'requires_action':
    case 'requires_confirmation':
      return { kind: 'requires_action', reference, url: intent.next_action?.redirect_to_url?.url ?? null };
    case 'canceled':
      return CANCELED;
    case 'requires_payment_method':
      return outcomeOfDecline(error ?? {}, reference);
    default:
      return { kind: 'unknown', reason: `The payment is ${status}.` };
  }
}

/** What became of a refund. One that is pending may still fail. */
export function outcomeOfRefund({ id: reference, status, failure_reason: reason }: Stripe.Refund): Outcome {
  switch (status) {
    case 'succeeded':
      return { kind: 'succeeded', reference };
    case 'failed':
      return { kind: 'declined', decline: 'hard', reason: (reason ?? 'failed').replaceAll('_', ' ') };
    case 'canceled':
      return CANCELED;
    default:
      return { kind: 'processing', reference };
  }
}

/**
 * What a failed write comes to. Only a refusal of the request itself is certain: a request that met a limit (429), another one under its key (409),
 * a fault (5xx), a wrong key of ours (401, 403) or a broken connection may have been sent once before, since the SDK repeats those that broke.
 */
export function outcomeOfFailure(error: unknown): Outcome {
  const { type, statusCode = 0, code, param, payment_intent: intent } = error as StripeFailure;
  if (type === 'StripeCardError') return outcomeOfDecline(error as StripeFailure, intent?.id);
  if (type !== 'StripeInvalidRequestError' || ![400, 404].includes(statusCode))
    return { kind: 'unknown', reason: statusCode === 0 ? 'Stripe could not be reached.' : `Stripe answered ${String(statusCode)}.` };
  if (param === 'payment_method' || code?.startsWith('payment_method_') === true)
    return { kind: 'declined', decline: 'new_method_needed', reason: 'the payment method cannot be charged any more' };
  return { kind: 'not_attempted', reason: code ?? `Stripe refused ${param ?? 'the request'}.` };
}

/** Whether an answer is that of an earlier request under the same key, and so may be out of date. */
export const isReplayed = (headers: Readonly<Record<string, string>> | undefined): boolean => headers?.['idempotent-replayed'] === 'true';
