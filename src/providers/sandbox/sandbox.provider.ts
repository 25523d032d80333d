import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyHashing } from '../../common/api-keys/key-hashing.js';
import { Database } from '../../common/database/database.js';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.js';
import { Clock } from '../../common/clock.js';
import { Refusal } from '../../domain/refusal.js';
import { ANY_AMOUNT } from '../any-amount.js';
import type {
  Capabilities,
  ChargeableAmounts,
  ChargeRequest,
  Customer,
  MethodSetup,
  Notification,
  Outcome,
  PaymentProvider,
  ProviderFact,
  ProviderRecord,
  ReceivedWebhook,
  RefundRequest,
  StoredMethod,
} from '../port.js';
import { BEHAVIOURS, isToken, TOKENS, type Token } from './behaviours.js';

interface Operation {
  readonly key: string;
  readonly kind: 'charge' | 'refund';
  readonly token: Token;
  /** Null for a refund. */
  readonly customer: string | null;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly outcome: Outcome;
}

/** The body of its webhooks. */
interface Told {
  readonly id: string;
  readonly kind: 'charge' | 'refund';
  readonly key: string;
  readonly outcome: Outcome;
  readonly occurredAt: string;
}

type BookedOperation = Pick<Operation, 'key' | 'customer' | 'kind' | 'amountMinor' | 'currency' | 'outcome'> & { readonly at: Instant };

const ROWS_AT_ONCE = 500;

/** What was canceled is no record. */
const STATE_OF: Readonly<Partial<Record<Outcome['kind'], ProviderRecord['state']>>> = {
  succeeded: 'succeeded',
  processing: 'pending',
  requires_action: 'pending',
  declined: 'failed',
};

/**
 * A provider built in, for trying out and for tests. It keeps books of its own, in tables of its own and in transactions of its own, as an
 * outside party would: what it did stays done, whatever becomes of our transaction. A payment method's token says how it behaves.
 */
@Injectable()
export class SandboxProvider implements PaymentProvider {
  readonly name = 'sandbox';
  readonly capabilities: Capabilities = { collects: true, tokens: true, refunds: true, webhooks: true, cancels: true };

  constructor(
    private readonly hashing: KeyHashing,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  ensureCustomer({ accountId }: Customer): Promise<string> {
    return Promise.resolve(`sbx_cus_${accountId}`);
  }

  setUpMethod(customer: string): Promise<MethodSetup> {
    return Promise.resolve({
      kind: 'client_secret',
      secret: `sbx_secret_${createHash('sha256').update(customer).digest('hex').slice(0, 24)}`,
    });
  }

  storeMethod(_customer: string, token: string): Promise<StoredMethod> {
    if (!isToken(token))
      return Promise.reject(new Refusal('unprocessable', 'payment_method_refused', `The sandbox knows the tokens ${TOKENS.join(', ')}.`));
    return Promise.resolve({ reference: `sbx_pm_${token}`, label: BEHAVIOURS[token].label });
  }

  amounts(): ChargeableAmounts {
    return ANY_AMOUNT;
  }

  async charge({ key, customer, method, amountMinor, currency }: ChargeRequest): Promise<Outcome> {
    const token = method.replace('sbx_pm_', '');
    if (!isToken(token)) return { kind: 'not_attempted', reason: 'The sandbox has no such payment method.' };
    const { outcome, reaches, answers } = BEHAVIOURS[token];
    if (!reaches) return { kind: 'unknown', reason: 'The connection broke before the sandbox was reached.' };
    const earlier = await this.chargesOf(customer, token);
    const charged = { key, kind: 'charge' as const, token, customer, amountMinor, currency };
    const booked = await this.book({ ...charged, outcome: outcome(referenceOf(key), earlier) });
    return answers ? booked : { kind: 'unknown', reason: 'The sandbox did not answer in time.' };
  }

  async refund({ key, amountMinor, currency }: RefundRequest): Promise<Outcome> {
    return this.book({
      key,
      kind: 'refund',
      token: 'sandbox_ok',
      customer: null,
      amountMinor,
      currency,
      outcome: { kind: 'succeeded', reference: referenceOf(key) },
    });
  }

  async lookUp(key: string): Promise<Outcome> {
    const [row] = await this.database.query<{ outcome: Outcome }>({
      name: 'sandbox_look_up',
      text: 'select outcome from sandbox_operation where key = $1',
      values: [key],
    });
    return row?.outcome ?? { kind: 'not_attempted', reason: 'The sandbox never saw it.' };
  }

  /** Its books hold a canceled key too, so that a charge which is still under way finds it there. */
  async cancel(key: string): Promise<Outcome> {
    const canceled: Outcome = { kind: 'not_attempted', reason: 'canceled' };
    const [row] = await this.database.query<{ outcome: Outcome }>({
      name: 'sandbox_cancel',
      text: `insert into sandbox_operation (key, kind, token, amount_minor, currency, outcome, booked_at) values ($1, 'cancel', '', 0, '', $2, $3)
             on conflict (key) do update set outcome = case sandbox_operation.outcome ->> 'kind' when 'requires_action' then excluded.outcome
               else sandbox_operation.outcome end returning outcome`,
      values: [key, JSON.stringify(canceled), formatInstant(this.clock.now())],
    });
    return row?.outcome ?? canceled;
  }

  readWebhook({ body, headers }: ReceivedWebhook): Promise<Notification[]> {
    const signature = Buffer.from(headers['sandbox-signature'] ?? '');
    const expected = Buffer.from(this.sign(body));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected))
      return Promise.reject(new Refusal('unauthenticated', 'invalid_signature', "The signature is not the sandbox's."));
    const { id, kind, key, outcome, occurredAt } = JSON.parse(body.toString('utf8')) as Told;
    const about = { kind, key, outcome: JSON.stringify(outcome) };
    return Promise.resolve([
      { id, type: kind === 'charge' ? 'charge.settled' : 'refund.returned', occurredAt: parseInstant(occurredAt), about },
    ]);
  }

  factsOf({ about }: Notification): Promise<ProviderFact[]> {
    const { kind, key = '', outcome = '' } = about ?? {};
    if (key === '') return Promise.resolve([]);
    return Promise.resolve([{ kind: kind === 'refund' ? 'refund' : 'charge', key, outcome: JSON.parse(outcome) as Outcome }]);
  }

  /** Relies on sandbox_operation_by_time. */
  async *records(from: Instant, to: Instant): AsyncGenerator<ProviderRecord> {
    for (let after: readonly [string, string] = [formatInstant(from), '']; ;) {
      const rows = await this.database.query<BookedOperation>({
        name: 'sandbox_records',
        text: `select kind, key, customer, amount_minor as "amountMinor", currency, outcome, booked_at as at from sandbox_operation
               where kind in ('charge', 'refund') and (booked_at, key) > ($1, $2) and booked_at < $3 order by booked_at, key limit $4`,
        values: [...after, formatInstant(to), ROWS_AT_ONCE],
      });
      for (const { outcome, ...row } of rows) {
        const state = STATE_OF[outcome.kind];
        if (state) yield { ...row, state, reference: 'reference' in outcome ? outcome.reference : referenceOf(row.key) };
      }
      const last = rows.at(-1);
      if (!last) return;
      after = [formatInstant(last.at), last.key];
    }
  }

  /** What the sandbox would send, and how it would sign it, once a charge that it was processing has gone through. */
  settle(key: string): { readonly body: string; readonly signature: string } {
    const outcome: Outcome = { kind: 'succeeded', reference: referenceOf(key) };
    return this.told({ id: `sbx_evt_${referenceOf(key)}`, kind: 'charge', key, outcome });
  }

  /** What the sandbox would send where a refund did not arrive, though it had gone out. */
  returnRefund(key: string): { readonly body: string; readonly signature: string } {
    const outcome: Outcome = { kind: 'declined', decline: 'hard', reason: 'the account of the customer is closed' };
    return this.told({ id: `sbx_evt_returned_${referenceOf(key)}`, kind: 'refund', key, outcome });
  }

  private told(event: Omit<Told, 'occurredAt'>): { readonly body: string; readonly signature: string } {
    const told: Told = { ...event, occurredAt: formatInstant(this.clock.now()) };
    const body = JSON.stringify(told);
    return { body, signature: this.sign(Buffer.from(body)) };
  }

  /** Its books are idempotent: a key that was seen gets the answer that it got, whatever is sent with it. */
  private async book({ key, kind, token, customer, amountMinor, currency, outcome }: Operation): Promise<Outcome> {
    const [row] = await this.database.query<{ outcome: Outcome }>({
      name: 'sandbox_book',
      text: `insert into sandbox_operation (key, kind, token, amount_minor, currency, outcome, booked_at, customer) values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (key) do update set key = excluded.key returning outcome`,
      values: [key, kind, token, amountMinor.toString(), currency, JSON.stringify(outcome), formatInstant(this.clock.now()), customer],
    });
    return row?.outcome ?? outcome;
  }

  private async chargesOf(customer: string, token: Token): Promise<number> {
    const [row] = await this.database.query<{ n: bigint }>({
      name: 'sandbox_charges_of',
      text: `select count(*) as n from sandbox_operation where kind = 'charge' and customer = $1 and token = $2`,
      values: [customer, token],
    });
    return Number(row?.n ?? 0);
  }

  private sign(body: Buffer): string {
    return this.hashing.hash(`sandbox webhook ${body.toString('base64')}`);
  }
}

const referenceOf = (key: string): string => `sbx_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
