import type { Tx } from '../common/database/database.js';
import { accountIdOf } from '../common/ids.js';
import type { Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';

export type PaymentState = 'pending' | 'succeeded' | 'failed';
export type AttemptState = 'created' | 'pending' | 'unknown' | 'succeeded' | 'requires_action' | 'declined' | 'not_attempted';

/** Money that came in, or is to be collected, for one invoice. */
export interface Payment {
  readonly accountId: string;
  readonly id: string;
  readonly invoiceId: string;
  readonly provider: string;
  readonly state: PaymentState;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** How it was paid, for people. */
  readonly method: string;
  readonly reference: string | null;
  readonly receivedOn: string | null;
  /** Why it failed. */
  readonly reason: string | null;
  readonly createdAt: Instant;
  readonly settledAt: Instant | null;
}

/** One try to collect a payment. Stored before the provider is called. */
export interface Attempt {
  readonly accountId: string;
  readonly paymentId: string;
  readonly n: number;
  readonly invoiceId: string;
  readonly methodId: string;
  readonly state: AttemptState;
}

/** A way to pay that can be charged without the customer. */
export interface PaymentMethod {
  readonly accountId: string;
  readonly id: string;
  readonly provider: string;
  readonly customer: string;
  readonly reference: string;
  readonly label: string;
  readonly createdAt: Instant;
}

export const PAYMENT_COLUMNS = `account_id as "accountId", id, invoice_id as "invoiceId", provider, state, amount_minor as "amountMinor", currency, method,
  reference, received_on::text as "receivedOn", reason, created_at as "createdAt", settled_at as "settledAt"`;

export const METHOD_COLUMNS = `account_id as "accountId", id, provider, customer, reference, label, created_at as "createdAt"`;

/** The key under which a provider knows an attempt: the same for every repetition. */
export const attemptKey = ({ paymentId, n }: Pick<Attempt, 'paymentId' | 'n'>): string => `${paymentId}:${String(n)}`;

/** @throws Refusal `payment_not_found` */
export async function paymentById(tx: Tx, id: string, { locked = false } = {}): Promise<Payment> {
  const [payment] = await tx.query<Payment[]>(
    `select ${PAYMENT_COLUMNS} from payment where account_id = $1 and id = $2 ${locked ? 'for update' : ''}`,
    [accountIdOf(id) ?? null, id],
  );
  if (!payment) throw new Refusal('not_found', 'payment_not_found', `There is no payment "${id}".`);
  return payment;
}

/** The newest payment method of each account with its provider. */
export async function methodsOf(tx: Tx, accountIds: readonly string[]): Promise<Map<string, PaymentMethod>> {
  const rows = await tx.query<PaymentMethod[]>(
    `select distinct on (account_id) ${METHOD_COLUMNS} from payment_method where account_id = any($1::uuid[]) order by account_id, created_at desc, id desc`,
    [accountIds],
  );
  return new Map(rows.map((row) => [row.accountId, row]));
}

export async function openAttempt(tx: Tx, payment: Pick<Payment, 'accountId' | 'id'>): Promise<Attempt | undefined> {
  const [attempt] = await tx.query<Attempt[]>(
    `select account_id as "accountId", payment_id as "paymentId", n, invoice_id as "invoiceId", method_id as "methodId", state
     from payment_attempt where account_id = $1 and payment_id = $2 and state in ('created', 'pending', 'unknown')`,
    [payment.accountId, payment.id],
  );
  return attempt;
}
