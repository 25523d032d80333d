import { type CreditRoom, type CreditSettlement, settleCredit, type Settle } from './credit-settlement.js';

const none: CreditSettlement = { reducedMinor: 0n, recoveredMinor: 0n, coveredMinor: 0n, balanceMinor: 0n, refundMinor: 0n };
const room = (more: Partial<CreditRoom>): CreditRoom => ({
  openMinor: 0n,
  writtenOffMinor: 0n,
  refundedMinor: 0n,
  keptMinor: 0n,
  refundableMinor: 0n,
  ...more,
});

describe('a credit note of 10.00', () => {
  it.each<{ case: string; settle: Settle; has: Partial<CreditRoom>; parts: Partial<CreditSettlement> }>([
    { case: 'takes off what is due', settle: 'none', has: { openMinor: 1_200n }, parts: { reducedMinor: 1_000n } },
    {
      case: 'takes off what is due first, though a refund is asked for',
      settle: 'refund',
      has: { openMinor: 700n, keptMinor: 500n, refundableMinor: 500n },
      parts: { reducedMinor: 700n, refundMinor: 300n },
    },
    { case: 'goes to the balance', settle: 'balance', has: { keptMinor: 1_200n }, parts: { balanceMinor: 1_000n } },
    { case: 'takes back what was written off', settle: 'balance', has: { writtenOffMinor: 1_200n }, parts: { recoveredMinor: 1_000n } },
    { case: 'stands for a refund that was made before', settle: 'none', has: { refundedMinor: 1_000n }, parts: { coveredMinor: 1_000n } },
  ])('$case', ({ settle, has, parts }) => {
    expect(settleCredit(1_000n, settle, room(has), 'USD')).toEqual({ ...none, ...parts });
  });

  it.each<[string, Settle, Partial<CreditRoom>, string, RegExp]>([
    ['without a rest that may be given back', 'none', { openMinor: 400n }, 'credit_exceeds_open', /4\.00 USD .* 6\.00 USD more was paid/],
    ['of what was refunded before', 'balance', { keptMinor: 200n }, 'credit_exceeds_paid', /10\.00 USD .* 2\.00 USD/],
    [
      'of what no payment holds',
      'refund',
      { keptMinor: 1_000n, refundableMinor: 300n },
      'credit_exceeds_refundable',
      /10\.00 USD .* 3\.00 USD/,
    ],
    ['of less than nothing', 'refund', { keptMinor: -5n, refundableMinor: 900n }, 'credit_exceeds_paid', /0\.00 USD/],
  ])('%s is refused with the numbers', (_name, settle, has, code, detail) => {
    expect(() => settleCredit(1_000n, settle, room(has), 'USD')).toThrow(
      expect.objectContaining({ code, detail: expect.stringMatching(detail) }),
    );
  });
});
