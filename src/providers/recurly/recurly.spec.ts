import { parseInstant } from '../../domain/instant.js';
import { recurlyAmounts, toRecurly } from './amounts.js';
import { outcomeOfCredit, outcomeOfFailure, outcomeOfInvoice } from './outcomes.js';
import { isSigned, recurlySignature } from './signature.js';

test.each([
  ['USD', 1235n, '12.35'],
  ['USD', 10n, '0.1'],
  ['JPY', 1235n, '1235'],
  ['KWD', 1001n, '1.001'],
  ['USD', 999_999_999_999_999n, '9999999999999.99'],
])('in %s, %d is sent as %s', (currency, minor, json) => expect(JSON.stringify(toRecurly(minor, currency))).toBe(json));

test('what a number could not hold is not sent', () => expect(recurlyAmounts('USD')?.maximumMinor).toBe(999_999_999_999_999n));

const at = parseInstant('2026-11-25T12:00:00Z');
const body = Buffer.from('{"id":"a"}');
const header = (ms: string, ...secrets: string[]): string => [ms, ...secrets.map((secret) => recurlySignature(secret, ms, body))].join(',');
const ms = (offset: bigint): string => String(at / 1000n + offset);

test.each([
  ['signed now', header(ms(0n), 'new'), true],
  ['by the older of two secrets', header(ms(0n), 'old'), true],
  ['by two, one of them unknown', header(ms(0n), 'unknown', 'new'), true],
  ['by an unknown one', header(ms(0n), 'unknown'), false],
  ['five minutes ago', header(ms(-300_000n), 'new'), true],
  ['longer ago', header(ms(-300_001n), 'new'), false],
  ['ahead of time', header(ms(300_001n), 'new'), false],
  ['in seconds', header(String(at / 1_000_000n), 'new'), true],
  ['with a timestamp alone', ms(0n), false],
  ['with nothing', '', false],
])('a webhook %s', (_case, signature, right) => expect(isSigned(signature, { body, secrets: ['old', 'new'], at })).toBe(right));

const invoice = (state: string, transaction: object = {}) => ({ id: 'i', state, transactions: [transaction] }) as never;

test.each([
  ['paid', {}, { kind: 'succeeded', reference: 'i' }],
  ['processing', {}, { kind: 'processing', reference: 'i' }],
  ['failed', { statusCode: 'expired_card' }, { kind: 'declined', decline: 'new_method_needed', reason: 'expired card' }],
  ['open', {}, { kind: 'unknown', reason: "Recurly's invoice is open." }],
])('a charge whose invoice is %s', (state, transaction, outcome) => expect(outcomeOfInvoice(invoice(state, transaction))).toEqual(outcome));

test.each([
  ['gone out', { type: 'refund', status: 'success' }, 'succeeded'],
  ['voided the charge', { type: 'purchase', status: 'void' }, 'succeeded'],
  ['is under way', { type: 'refund', status: 'processing' }, 'processing'],
  ['was declined', { type: 'refund', status: 'declined' }, 'declined'],
])('a refund that has %s', (_case, transaction, kind) => expect(outcomeOfCredit(invoice('closed', transaction)).kind).toBe(kind));

const failing = (status: number, more: object = {}) => ({ getResponse: () => ({ status }), ...more });
const transaction = (code: string, category: string) => failing(422, { transactionError: { code, category } });

test.each([
  ['a limit', failing(429), { kind: 'unknown' }],
  ['another one under its key', failing(409), { kind: 'unknown' }],
  ['a fault of theirs', failing(502), { kind: 'unknown' }],
  ['a broken connection', new Error('ECONNRESET'), { kind: 'unknown' }],
  ['a soft decline', transaction('insufficient_funds', 'soft'), { kind: 'declined', decline: 'soft', reason: 'insufficient funds' }],
  ['a stolen card', transaction('fraud_stolen_card', 'fraud'), { kind: 'declined', decline: 'hard', reason: 'generic decline' }],
  [
    'a wish for its customer',
    transaction('three_d_secure_action_required', 'three_d_secure_action_required'),
    { decline: 'new_method_needed' },
  ],
  ['no payment method', failing(422, { params: [{ param: 'account.billing_info' }] }), { decline: 'new_method_needed' }],
  ['a wrong amount', failing(422, { params: [{ param: 'amount' }] }), { kind: 'not_attempted' }],
  ['a refund before it settled', transaction('cannot_refund_unsettled_transactions', 'hard'), { kind: 'unknown' }],
])('after %s', (_case, error, outcome) => expect(outcomeOfFailure(error)).toMatchObject(outcome));
