import { smaller } from '../bounds.js';
import { formatMoney } from '../currency.js';
import { Refusal } from '../refusal.js';

/** What becomes of that part of a credit note that does not reduce what is due. */
export type Settle = 'refund' | 'balance' | 'none';

/** What a credit note can be settled with, in minor units. */
export interface CreditRoom {
  /** Not paid yet. */
  readonly openMinor: bigint;
  /** Written off as uncollectible. */
  readonly writtenOffMinor: bigint;
  /** Refunded before without a credit note, which this one may be for. */
  readonly refundedMinor: bigint;
  /** Paid, from the balance too, and not given back. */
  readonly keptMinor: bigint;
  /** What can be refunded of its payments. */
  readonly refundableMinor: bigint;
}

/** Where the total of a credit note goes: the parts sum to it. */
export interface CreditSettlement {
  /** Taken off what is due. */
  readonly reducedMinor: bigint;
  /** Taken off what was written off. */
  readonly recoveredMinor: bigint;
  /** For what was refunded before. */
  readonly coveredMinor: bigint;
  readonly balanceMinor: bigint;
  readonly refundMinor: bigint;
}

/**
 * A credit note first takes off what is still due, then what was written off: nobody gets money for what was not paid. Only the rest is
 * refunded, or goes to the balance; with `none` it may only be for what was refunded before.
 * @throws Refusal `credit_exceeds_open`, `credit_exceeds_paid`, `credit_exceeds_refundable`
 */
export function settleCredit(totalMinor: bigint, settle: Settle, room: CreditRoom, currency: string): CreditSettlement {
  const reducedMinor = smaller(totalMinor, room.openMinor);
  const recoveredMinor = smaller(totalMinor - reducedMinor, room.writtenOffMinor);
  const restMinor = totalMinor - reducedMinor - recoveredMinor;
  const [mostMinor, refuse] = LIMITS[settle](room);
  if (restMinor > mostMinor) {
    const money = (amountMinor: bigint): string => `${formatMoney(amountMinor, currency)} ${currency}`;
    throw refuse({ rest: money(restMinor), most: money(mostMinor > 0n ? mostMinor : 0n), unpaid: money(reducedMinor + recoveredMinor) });
  }
  return {
    reducedMinor,
    recoveredMinor,
    coveredMinor: settle === 'none' ? restMinor : 0n,
    balanceMinor: settle === 'balance' ? restMinor : 0n,
    refundMinor: settle === 'refund' ? restMinor : 0n,
  };
}

interface Numbers {
  readonly rest: string;
  readonly most: string;
  readonly unpaid: string;
}

const exceedsPaid = ({ rest, most }: Numbers): Refusal =>
  new Refusal(
    'conflict',
    'credit_exceeds_paid',
    `${rest} would be given back, and ${most} of what was paid is still with us, because the rest was refunded or credited before: credit less.`,
  );

const LIMITS: Readonly<Record<Settle, (room: CreditRoom) => [bigint, (numbers: Numbers) => Refusal]>> = {
  none: ({ refundedMinor }) => [
    refundedMinor,
    ({ rest, most, unpaid }) =>
      new Refusal(
        'conflict',
        'credit_exceeds_open',
        `${unpaid} of the credit is unpaid and ${most} was refunded before; ${rest} more was paid: send "settle": "refund" or "balance", or credit less.`,
      ),
  ],
  balance: ({ keptMinor }) => [keptMinor, exceedsPaid],
  refund: ({ keptMinor, refundableMinor }) =>
    keptMinor <= refundableMinor
      ? [keptMinor, exceedsPaid]
      : [
          refundableMinor,
          ({ rest, most }) =>
            new Refusal(
              'conflict',
              'credit_exceeds_refundable',
              `${rest} would be refunded, and ${most} of the payments can be: credit that much, and the rest with "settle": "balance".`,
            ),
        ],
};
