import { stripeAmounts, toStripe } from './amounts.js';
import { outcomeOfDecline } from './declines.js';
import { outcomeOfFailure, outcomeOfIntent } from './outcomes.js';

test.each([
  ['dollars have cents in both', 'USD', 1235n, 1235],
  ['yen have none', 'JPY', 500n, 500],
  ['Icelandic crowns have none in ISO 4217, and two zeros here', 'ISK', 500n, 50_000],
  ['so do Ugandan shillings', 'UGX', 500n, 50_000],
  ['ariary have two decimals in ISO 4217, and none here', 'MGA', 120_000n, 1200],
  ['dinars have three, the last of which is 0', 'KWD', 5120n, 5120],
])('%s', (_case, currency, minor, theirs) => expect(toStripe(minor, currency)).toBe(theirs));

test.each([
  ['USD', { minimumMinor: 50n, maximumMinor: 99_999_999n, stepMinor: 1n }],
  ['JPY', { minimumMinor: 50n, maximumMinor: 99_999_999n, stepMinor: 1n }],
  ['ISK', { minimumMinor: 1n, maximumMinor: 999_999n, stepMinor: 1n }],
  ['MGA', { minimumMinor: 100n, maximumMinor: 9_999_999_900n, stepMinor: 100n }],
  ['KWD', { minimumMinor: 10n, maximumMinor: 99_999_990n, stepMinor: 10n }],
  ['HUF', { minimumMinor: 17_500n, maximumMinor: 99_999_999n, stepMinor: 1n }],
  ['IQD', undefined],
  ['XYZ', undefined],
])('what is charged in %s', (currency, amounts) => expect(stripeAmounts(currency)).toEqual(amounts));

const declined = (decline: string, reason: string) => ({ kind: 'declined', decline, reason });

test.each([
  [
    'advice goes before the code',
    { decline_code: 'insufficient_funds', advice_code: 'do_not_try_again' },
    declined('hard', 'insufficient funds'),
  ],
  ['also where it is milder', { decline_code: 'lost_card', advice_code: 'try_again_later' }, declined('soft', 'generic decline')],
  ['data are to be confirmed', { code: 'card_declined', advice_code: 'confirm_card_data' }, declined('new_method_needed', 'card declined')],
  ['the network says never', { decline_code: 'do_not_honor', network_advice_code: '03' }, declined('hard', 'do not honor')],
  ['no funds', { code: 'card_declined', decline_code: 'insufficient_funds' }, declined('soft', 'insufficient funds')],
  ['a stolen card is told to nobody', { code: 'card_declined', decline_code: 'stolen_card' }, declined('hard', 'generic decline')],
  ['an expired card', { code: 'expired_card' }, declined('new_method_needed', 'expired card')],
  ['a code of tomorrow', { code: 'card_declined', decline_code: 'moon_phase' }, declined('soft', 'moon phase')],
  [
    'the bank wants its customer',
    { code: 'authentication_required', decline_code: 'authentication_required' },
    { kind: 'requires_action', reference: 'pi_1', url: null },
  ],
])('%s', (_case, error, outcome) => expect(outcomeOfDecline(error, 'pi_1')).toEqual(outcome));

test.each([
  ['a limit', { type: 'StripeRateLimitError', statusCode: 429 }, 'unknown'],
  ['another one under its key', { type: 'StripeInvalidRequestError', statusCode: 409 }, 'unknown'],
  ['a fault of theirs', { type: 'StripeAPIError', statusCode: 500 }, 'unknown'],
  ['a key of ours that is wrong', { type: 'StripeAuthenticationError', statusCode: 401 }, 'unknown'],
  ['a broken connection', { type: 'StripeConnectionError' }, 'unknown'],
  ['an error of the SDK itself', new TypeError('x'), 'unknown'],
  ['an amount', { type: 'StripeInvalidRequestError', statusCode: 400, code: 'amount_too_small' }, 'not_attempted'],
  ['a payment method that is gone', { type: 'StripeInvalidRequestError', statusCode: 400, param: 'payment_method' }, 'declined'],
])('after %s: %o is %s', (_case, error, kind) => expect(outcomeOfFailure(error).kind).toBe(kind));

test('a status of tomorrow settles nothing', () =>
  expect(outcomeOfIntent({ id: 'pi_1', status: 'somehow' } as never)).toMatchObject({ kind: 'unknown' }));
