import type { Tx } from '../common/database/database.js';
import { accountIdOf } from '../common/ids.js';
import type { Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';

export type PaymentState = 'pending' | 'succeeded' | 'failed';
export type AttemptState = 'created' | 'pending' | 'unknown' | 'succeeded' | 'requires_action' | 'declined' | 'not_attempted';

/** States in which an attempt waits for its outcome: the provider may still take the money for it. */
const OPEN: readonly AttemptState[] = ['created', 'pending', 'unknown', 'requires_action'];

export const isOpen = (state: AttemptState): boolean => OPEN.includes(state);

/** In SQL: the condition of payment_attempt_one_open. */
export const OPEN_STATES = OPEN.map((state) => `'${state}'`).join(', ');

/** Why a payment was closed without a try: what it was to collect has changed, so that nobody failed to pay. */
export const SUPERSEDED = 'superseded';

/** Why a payment was closed without a try: somebody wanted it so. */
export const CANCELED = 'canceled';

/** A smaller invoice that is collected with a payment's own. The amount in minor units, as text. */
export interface Carried {
  readonly invoiceId: string;
  readonly amountMinor: string;
}

/** Money that came in, or is to be collected, for one invoice. */
export interface Payment {
  readonly accountId: string;
  readonly id: string;
  readonly invoiceId: string;
  readonly provider: string;
  readonly state: PaymentState;
  readonly amountMinor: bigint;
  /** What is charged with it. Once it succeeds there is a payment of each. */
  readonly carried: readonly Carried[];
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
  /** The provider of its payment method, which alone may say what became of it. */
  readonly provider: string;
  /** The provider's name of the customer who has that method. */
  readonly customer: string;
  readonly state: AttemptState;
  readonly createdAt: Instant;
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

export const PAYMENT_COLUMNS = `account_id as "accountId", id, invoice_id as "invoiceId", provider, state, amount_minor as "amountMinor", carried, currency, method,
  reference, received_on::text as "receivedOn", reason, created_at as "createdAt", settled_at as "settledAt"`;

/** The one added last comes first: it is charged. */
export const METHOD_ORDER = 'choice desc, created_at desc, id desc';

export const METHOD_COLUMNS = `account_id as "accountId", id, provider, customer, reference, label, created_at as "createdAt"`;

/** The key under which a provider knows an attempt: the same for every repetition. */
export const attemptKey = ({ paymentId, n }: Pick<Attempt, 'paymentId' | 'n'>): string => `${paymentId}:${String(n)}`;

/** What a provider is asked for, in minor units. */
export const chargedMinor = ({ amountMinor, carried }: Pick<Payment, 'amountMinor' | 'carried'>): bigint =>
  carried.reduce((total, one) => total + BigInt(one.amountMinor), amountMinor);

/** @throws Refusal `payment_not_found` */
export async function paymentById(tx: Tx, id: string, { locked = false } = {}): Promise<Payment> {
  const [payment] = await tx.query<Payment[]>(
    `select ${PAYMENT_COLUMNS} from payment where account_id = $1 and id = $2 ${locked ? 'for update' : ''}`,
    [accountIdOf(id) ?? null, id],
  );
  if (!payment) throw new Refusal('not_found', 'payment_not_found', `There is no payment "${id}".`);
  return payment;
}

/** The payment by which an invoice is being collected. There is one at most. */
export async function pendingPayment(tx: Tx, accountId: string, invoiceId: string): Promise<Payment | undefined> {
  const [payment] = await tx.query<Payment[]>(
    `select ${PAYMENT_COLUMNS} from payment where account_id = $1 and invoice_id = $2 and state = 'pending' for update`,
    [accountId, invoiceId],
  );
  return payment;
}

const ATTEMPTS = `
  select a.account_id as "accountId", a.payment_id as "paymentId", a.n, a.invoice_id as "invoiceId", a.method_id as "methodId", m.provider, m.customer, a.state,
    a.created_at as "createdAt"
  from payment_attempt a join payment_method m on m.account_id = a.account_id and m.id = a.method_id
  where a.account_id = $1 and a.payment_id = $2`;

export async function openAttempt(tx: Tx, payment: Pick<Payment, 'accountId' | 'id'>): Promise<Attempt | undefined> {
  const [attempt] = await tx.query<Attempt[]>(`${ATTEMPTS} and a.state in (${OPEN_STATES})`, [payment.accountId, payment.id]);
  return attempt;
}

export async function attemptByNumber(tx: Tx, payment: Pick<Payment, 'accountId' | 'id'>, n: number): Promise<Attempt | undefined> {
  const [attempt] = await tx.query<Attempt[]>(`${ATTEMPTS} and a.n::text = $3`, [payment.accountId, payment.id, String(n)]);
  return attempt;
}

/** Whether the account has another payment method by now than the one whose charge waits for the customer's consent. */
export const isReplaced = (attempt: Attempt, current: PaymentMethod | undefined): boolean =>
  attempt.state === 'requires_action' && current !== undefined && current.id !== attempt.methodId;
