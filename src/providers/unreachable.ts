import { Refusal } from '../domain/refusal.js';

/** A provider that did not answer, or not with an answer that says anything. */
export const unreachable = (provider: string): Refusal =>
  new Refusal('unavailable', 'provider_unavailable', `${provider} cannot be reached, or does not take the service's key: try again later.`);

/** Of a token that the provider does not take. */
export const methodRefused = (provider: string): Refusal =>
  new Refusal(
    'unprocessable',
    'payment_method_refused',
    `${provider} does not take this payment method: let the customer add one on the page of the provider, and send what it answers.`,
  );

/** Of a webhook that nobody signed whom we know. */
export const unsigned = (provider: string): Refusal =>
  new Refusal('unauthenticated', 'invalid_signature', `The signature is not ${provider}'s, or is too old.`);
