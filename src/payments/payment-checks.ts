import type { Check, CheckScope, Difference } from '../common/checks.js';
import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { type Entry, failedRefundEntry, paymentEntry, refundEntry } from '../domain/ledger.js';
import { creditRefundEntry, returnedRefundEntry } from '../domain/correction-entries.js';
import { changesByCause } from '../invoices/balances.js';
import { bookedEntries } from '../ledger/booked-entries.js';
import { amountsCheck, inLedger, owedToAccountsSql } from '../ledger/compare-amounts.js';
import { entryDifferences, orphansSql } from '../ledger/compare-entries.js';

const ROWS_AT_ONCE = 1_000;

interface Moved {
  readonly accountId: string;
  readonly id: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly at: Instant;
  /** Whether it came in or went out. */
  readonly succeeded: boolean;
  /** Of a payment. */
  readonly invoiceId?: string;
  /** Of a payment: how much of it had been written off. */
  readonly recoveredMinor?: bigint;
  /** Of a refund. */
  readonly creditNoteId?: string | null;
  /** Of a refund that had gone out. */
  readonly returnedAt?: Instant | null;
}

interface KindOfMoney {
  readonly kind: 'payment' | 'refund';
  readonly columns: string;
  /** SQL: which of them have entries, and which of these came in or went out. */
  readonly counts: string;
  readonly succeeded: string;
  /** Of a movement, and of what it put on the account's balance; below zero for what it took off. */
  readonly entries: (moved: Moved, onBalanceMinor: bigint) => Entry[];
}

/** Each payment that came in has its entry. */
export const paymentsCheck = moneyCheck('payments', {
  kind: 'payment',
  columns: ', invoice_id as "invoiceId", recovered_minor as "recoveredMinor"',
  counts: `state = 'succeeded'`,
  succeeded: `state = 'succeeded'`,
  entries: ({ amountMinor, currency, recoveredMinor = 0n }, surplusMinor) => [
    paymentEntry({ settledMinor: amountMinor - recoveredMinor - surplusMinor, recoveredMinor, surplusMinor }, currency),
  ],
});

/**
 * Each refund that went out has its entry, and another one if it came back; each of a credit note that could not go out has one: what it was for stands on
 * the balance.
 */
export const refundsCheck = moneyCheck('refunds', {
  kind: 'refund',
  columns: ', credit_note_id as "creditNoteId", returned_at as "returnedAt"',
  counts: `(state = 'succeeded' or returned_at is not null or state = 'failed' and credit_note_id is not null)`,
  succeeded: `(state = 'succeeded' or returned_at is not null)`,
  entries: ({ amountMinor, currency, succeeded, creditNoteId = null, returnedAt = null }, takenMinor) => {
    if (!succeeded) return [returnedRefundEntry(amountMinor, currency)];
    const fromBalanceMinor = -takenMinor;
    const toBalanceMinor = creditNoteId === null ? fromBalanceMinor : amountMinor;
    return [
      creditNoteId === null ? refundEntry({ amountMinor, fromBalanceMinor }, currency) : creditRefundEntry(amountMinor, currency),
      ...(returnedAt === null ? [] : [failedRefundEntry({ amountMinor, toBalanceMinor }, currency)]),
    ];
  },
});

const UNDER_WAY = `
  select account_id, sum(amount_minor) as wanted from refund where state = 'pending' and credit_note_id is not null group by account_id`;

/** What is still to be refunded of credit notes is what the ledger says that we owe for them. */
export const refundsPayableCheck = amountsCheck(
  'refunds payable',
  owedToAccountsSql('refunds_payable', UNDER_WAY),
  inLedger('still to be refunded'),
);

function moneyCheck(name: string, money: KindOfMoney): Check {
  return { name, group: 'ledger', narrows: true, run: (tx, scope) => checkMoney(tx, scope, money) };
}

async function* checkMoney(tx: Tx, { accountId, from, to }: CheckScope, money: KindOfMoney): AsyncGenerator<Difference> {
  const { kind, columns, counts, succeeded } = money;
  const bounds = [accountId ?? null, from === undefined ? null : formatInstant(from), to === undefined ? null : formatInstant(to)];
  for (let after: readonly string[] = ['00000000-0000-0000-0000-000000000000', '']; ;) {
    const rows = await tx.query<Moved[]>(
      `select account_id as "accountId", id, amount_minor as "amountMinor", currency, settled_at as at, ${succeeded} as succeeded ${columns}
       from ${kind} where ${counts} and (account_id, id) > ($1::uuid, $2) and ($3::uuid is null or account_id = $3)
         and ($4::timestamptz is null or settled_at >= $4) and ($5::timestamptz is null or settled_at < $5)
       order by account_id, id limit $6`,
      [...after, ...bounds, ROWS_AT_ONCE],
    );
    const last = rows.at(-1);
    if (!last) break;
    yield* await differencesOf(tx, rows, money);
    after = [last.accountId, last.id];
  }
  const isThere = `select from ${kind} d where d.account_id = e.account_id and d.id = e.cause_id and ${counts}`;
  yield* await tx.query<Difference[]>(orphansSql(kind, isThere), [accountId ?? null]);
}

async function differencesOf(tx: Tx, rows: readonly Moved[], { kind, entries: wanted }: KindOfMoney): Promise<Difference[]> {
  const [accountIds, causeIds] = [rows.map((row) => row.accountId), rows.map((row) => row.id)];
  const onBalance = await changesByCause(tx, { accountIds, causeKind: kind, causeIds });
  const entries = await bookedEntries(tx, { accountIds, causeKinds: [kind], causeIds });
  return rows.flatMap((moved) => {
    const { accountId, at, id, invoiceId } = moved;
    return entryDifferences(
      id,
      wanted(moved, onBalance.get(id) ?? 0n).map((entry) => ({
        accountId,
        at,
        causeKind: kind,
        causeId: id,
        entry,
        ...(invoiceId === undefined ? {} : { invoiceId }),
      })),
      entries.filter((booked) => booked.causeId === id),
      { instants: false }, // each is noted by the clock as it goes
    );
  });
}
