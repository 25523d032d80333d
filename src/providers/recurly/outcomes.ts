import type { Invoice, Transaction, TransactionError } from 'recurly';
import type { DeclineKind, Outcome } from '../port.js';

/** What an error of Recurly's SDK says. Its message is not among it: that may quote what was sent. */
export interface RecurlyFailure {
  readonly type?: string;
  readonly transactionError?: TransactionError;
  readonly params?: readonly { readonly param?: string }[];
  getResponse?: () => { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } | undefined;
}

export const statusOf = (error: unknown): number => (error as RecurlyFailure).getResponse?.()?.status ?? 0;

/** Categories and codes of declines (ErrorCategoryEnum, ErrorCodeEnum and DeclineCodeEnum of Recurly's API). */
const HARD = new Set([
  'cardholder_requested_stop',
  'do_not_try_again',
  'fraud',
  'fraud_stolen_card',
  'fraudulent',
  'hard',
  'lost_card',
  'paypal_hard_decline',
  'pickup_card',
  'policy_decline',
  'restricted_card',
  'restricted_card_chargeback',
  'stolen_card',
]);
const NEW_METHOD_NEEDED = new Set([
  'account_closed',
  'billing_agreement_not_found',
  'call_issuer_update_cardholder_data',
  'card_not_activated',
  'card_not_supported',
  'card_type_not_accepted',
  'declined_card_number',
  'declined_expiration_date',
  'declined_security_code',
  'expired_card',
  'gateway_token_not_found',
  'incorrect_security_code',
  'invalid_account_number',
  'invalid_card_number',
  'invalid_number',
  'invalid_payment_method',
  'invalid_payment_method_hard',
  'lifecycle_decline',
  'no_billing_information',
  'requires_3d_secure',
  'three_d_secure_action_required',
  'three_d_secure_required',
  'update_cardholder_data',
]);
const NOT_TOLD = /^fraud|^(lost|stolen|pickup|restricted)_card/;

const decline = (codes: readonly (string | null | undefined)[]): Outcome => {
  const known = codes.filter((code): code is string => typeof code === 'string' && code !== '');
  const [first = 'declined'] = known;
  const kind: DeclineKind = known.some((code) => NEW_METHOD_NEEDED.has(code))
    ? 'new_method_needed'
    : known.some((code) => HARD.has(code))
      ? 'hard'
      : 'soft';
  return { kind: 'declined', decline: kind, reason: NOT_TOLD.test(first) ? 'generic decline' : first.replaceAll('_', ' ') };
};

/**
 * What became of a charge, as its invoice has it. One that asks its customer is over: Recurly keeps nothing that could be gone on with, the customer
 * confirms by adding the payment method once more.
 */
export function outcomeOfInvoice({ id, state, transactions }: Invoice): Outcome {
  const reference = id ?? '';
  switch (state) {
    case 'paid':
      return { kind: 'succeeded', reference };
    case 'pending':
    case 'processing':
      return { kind: 'processing', reference };
    case 'failed':
      return decline([transactions?.at(-1)?.statusCode]);
    case 'voided':
      return { kind: 'not_attempted', reason: 'canceled' };
    default:
      return { kind: 'unknown', reason: `Recurly's invoice is ${state ?? 'without a state'}.` };
  }
}

/** What became of a refund, as its credit invoice has it: the money went back once a transaction says so. */
export function outcomeOfCredit({ id, state, transactions }: Invoice): Outcome {
  const last = transactions?.filter(isRefund).at(-1);
  if (last?.status === 'success' || last?.status === 'void') return { kind: 'succeeded', reference: id ?? '' };
  if (last?.status === 'declined' || last?.status === 'error' || state === 'failed') return { ...decline([last?.statusCode]) };
  return state === 'voided' ? { kind: 'not_attempted', reason: 'canceled' } : { kind: 'processing', reference: id ?? '' };
}

const isRefund = ({ type, status }: Transaction): boolean => type === 'refund' || status === 'void';

/**
 * What a failed write comes to. Only a refusal of the request itself and a declined transaction are certain: what met a limit (429), another request
 * under its key (409), a fault (5xx) or a broken connection may have been sent once before, since the SDK repeats what broke.
 */
export function outcomeOfFailure(error: unknown): Outcome {
  const { transactionError, params = [] } = error as RecurlyFailure;
  const status = statusOf(error);
  if (transactionError) {
    const { code, declineCode, category } = transactionError;
    if (code === 'cannot_refund_unsettled_transactions' || code === 'transaction_cannot_be_refunded_currently')
      return { kind: 'unknown', reason: 'Recurly refunds it once it has settled.' };
    return decline([declineCode, code, category]);
  }
  if (![400, 404, 422].includes(status))
    return { kind: 'unknown', reason: status === 0 ? 'Recurly could not be reached.' : `Recurly answered ${String(status)}.` };
  const refused = params.map(({ param }) => param ?? '').filter((param) => param !== '');
  if (refused.some((param) => param.includes('billing_info'))) return decline(['no_billing_information']);
  return { kind: 'not_attempted', reason: refused.length > 0 ? `Recurly refused ${refused.join(', ')}.` : 'Recurly refused the request.' };
}
