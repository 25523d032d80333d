import type { DeclineKind, Outcome } from '../port.js';

/** What Stripe says of a charge that was refused: of an error, and of the last one of a PaymentIntent. */
export interface StripeDecline {
  readonly code?: string | undefined;
  readonly decline_code?: string | undefined;
  readonly advice_code?: string | undefined;
  readonly network_advice_code?: string | undefined;
}

/** The bank wants its customer there. */
const AUTHENTICATION = new Set(['authentication_required', 'payment_intent_authentication_failure', 'authentication_not_handled']);

/** What the issuer advises goes before what it says (docs.stripe.com/declines/card). */
const BY_ADVICE: Readonly<Record<string, DeclineKind>> = {
  do_not_try_again: 'hard',
  confirm_card_data: 'new_method_needed',
  try_again_later: 'soft',
};

/** Mastercard: never again, and never again for this agreement. */
const NETWORK_NEVER = new Set(['03', '21']);

const HARD = new Set([
  'fraudulent',
  'highest_risk_level',
  'lost_card',
  'merchant_blacklist',
  'pickup_card',
  'restricted_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'security_violation',
  'stolen_card',
  'stop_payment_order',
  'transaction_not_allowed',
]);

const NEW_METHOD_NEEDED = new Set([
  'bank_account_declined',
  'bank_account_unusable',
  'card_not_supported',
  'currency_not_supported',
  'debit_not_authorized',
  'expired_card',
  'incorrect_address',
  'incorrect_cvc',
  'incorrect_number',
  'incorrect_zip',
  'invalid_account',
  'invalid_cvc',
  'invalid_expiry_month',
  'invalid_expiry_year',
  'invalid_number',
  'new_account_information_available',
  'no_account',
  'payment_method_customer_decline',
  'payment_method_not_available',
  'payment_method_unactivated',
  'payment_method_unexpected_state',
  'pin_try_exceeded',
]);

/** Never told to a customer, who may have the card without right: they hear what everybody hears. */
const NOT_TOLD = new Set([
  'fraudulent',
  'lost_card',
  'stolen_card',
  'pickup_card',
  'merchant_blacklist',
  'highest_risk_level',
  'security_violation',
]);

/** How a refused charge is to be taken: the issuer's advice first, then the network's, then the code. A code that is not known may be tried again. */
export function outcomeOfDecline(declined: StripeDecline, reference: string | undefined): Outcome {
  const { code = '', decline_code: declineCode = '', advice_code: advice = '', network_advice_code: network = '' } = declined;
  if (reference !== undefined && (AUTHENTICATION.has(code) || AUTHENTICATION.has(declineCode)))
    return { kind: 'requires_action', reference, url: null };
  const kind = BY_ADVICE[advice] ?? (NETWORK_NEVER.has(network) ? 'hard' : (kindOf(declineCode) ?? kindOf(code) ?? 'soft'));
  return { kind: 'declined', decline: kind, reason: toldAs(declineCode || code) };
}

function kindOf(code: string): DeclineKind | undefined {
  if (HARD.has(code)) return 'hard';
  return NEW_METHOD_NEEDED.has(code) ? 'new_method_needed' : undefined;
}

const toldAs = (code: string): string => (code === '' || NOT_TOLD.has(code) ? 'generic decline' : code.replaceAll('_', ' '));
