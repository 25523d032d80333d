import { Injectable } from '@nestjs/common';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { accountIdOf, newId } from '../common/ids.js';
import { formatMoney, parseMoney } from '../domain/currency.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { refundEntry } from '../domain/ledger.js';
import { Refusal } from '../domain/refusal.js';
import { LedgerService } from '../ledger/ledger.service.js';
import type { Outcome } from '../providers/port.js';
import { Providers } from '../providers/providers.js';
import { paymentById } from './payment-records.js';

export interface Refund {
  readonly accountId: string;
  readonly id: string;
  readonly paymentId: string;
  readonly state: 'pending' | 'succeeded' | 'failed';
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly reason: string;
  readonly failure: string | null;
  readonly createdAt: Instant;
  readonly settledAt: Instant | null;
}

const COLUMNS = `account_id as "accountId", id, payment_id as "paymentId", state, amount_minor as "amountMinor", currency, reason, failure,
  created_at as "createdAt", settled_at as "settledAt"`;

/** Money given back: never more than was paid. */
@Injectable()
export class Refunds {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly providers: Providers,
    private readonly ledger: LedgerService,
  ) {}

  /** Notes a refund before any provider is asked for it. @throws Refusal `payment_not_succeeded`, `refund_too_large`, `invalid_money` */
  async request(
    tx: Tx,
    call: Call,
    paymentId: string,
    { amount, reason }: { readonly amount?: string; readonly reason: string },
  ): Promise<Refund> {
    const payment = await paymentById(tx, paymentId, { locked: true });
    if (payment.state !== 'succeeded')
      throw new Refusal('conflict', 'payment_not_succeeded', 'Only a payment that succeeded can be refunded.');
    const [{ refunded } = { refunded: 0n }] = await tx.query<{ refunded: bigint }[]>(
      `select coalesce(sum(amount_minor), 0)::bigint as refunded from refund where account_id = $1 and payment_id = $2 and state <> 'failed'`,
      [payment.accountId, paymentId],
    );
    const left = payment.amountMinor - refunded;
    const amountMinor = amount === undefined ? left : parseMoney(amount, payment.currency);
    if (amountMinor <= 0n || amountMinor > left)
      throw new Refusal(
        'conflict',
        'refund_too_large',
        `${formatMoney(left, payment.currency)} ${payment.currency} of the payment can be refunded.`,
      );
    const now = this.clock.now();
    const id = newId('ref', now, payment.accountId);
    await tx.query(
      `insert into refund (account_id, id, payment_id, state, amount_minor, currency, reason, created_at) values ($1, $2, $3, 'pending', $4, $5, $6, $7)`,
      [payment.accountId, id, paymentId, amountMinor.toString(), payment.currency, reason, formatInstant(now)],
    );
    await this.audit.record(tx, {
      actor: call.actor,
      action: 'refund.requested',
      accountId: payment.accountId,
      subjectType: 'refund',
      subjectId: id,
      after: { paymentId, amountMinor },
      reason,
    });
    return this.byId(tx, id);
  }

  /** Sends a refund; repeated under the same key, it is given once. */
  async send(id: string): Promise<Refund> {
    const { refund, payment } = await this.database.transaction(async (tx) => {
      const found = await this.byId(tx, id);
      return { refund: found, payment: await paymentById(tx, found.paymentId) };
    });
    if (refund.state !== 'pending') return refund;
    const { amountMinor, currency } = refund;
    const provider = this.providers.named(payment.provider);
    const outcome: Outcome = provider.capabilities.refunds
      ? await provider.refund({ key: id, charge: payment.reference ?? '', amountMinor, currency })
      : { kind: 'succeeded', reference: id }; // paid back by hand
    return this.database.transaction((tx) => this.resolve(tx, id, outcome));
  }

  /** Sends again what has no outcome: the key is the same. */
  async resolveOpen(before: string): Promise<void> {
    const open = await this.database.query<{ id: string }>({
      name: 'open_refunds',
      text: `select id from refund where state = 'pending' and created_at <= $1 order by created_at limit 500`,
      values: [before],
    });
    for (const { id } of open) await this.send(id);
  }

  list(tx: Tx, accountId: string, paymentIds: readonly string[]): Promise<Refund[]> {
    return tx.query<Refund[]>(
      `select ${COLUMNS} from refund where account_id = $1 and payment_id = any($2::text[]) order by created_at, id`,
      [accountId, paymentIds],
    );
  }

  private async resolve(tx: Tx, id: string, outcome: Outcome): Promise<Refund> {
    const refund = await this.byId(tx, id, 'for update');
    if (refund.state !== 'pending' || !['succeeded', 'declined', 'not_attempted'].includes(outcome.kind)) return refund;
    const at = this.clock.now();
    const succeeded = outcome.kind === 'succeeded';
    await tx.query('update refund set state = $3, failure = $4, settled_at = $5 where account_id = $1 and id = $2', [
      refund.accountId,
      id,
      succeeded ? 'succeeded' : 'failed',
      'reason' in outcome ? outcome.reason : null,
      formatInstant(at),
    ]);
    if (succeeded)
      await this.ledger.post(tx, [
        { accountId: refund.accountId, at, causeKind: 'refund', causeId: id, entry: refundEntry(refund.amountMinor, refund.currency) },
      ]);
    return this.byId(tx, id);
  }

  private async byId(tx: Tx, id: string, lock: '' | 'for update' = ''): Promise<Refund> {
    const [refund] = await tx.query<Refund[]>(`select ${COLUMNS} from refund where account_id = $1 and id = $2 ${lock}`, [
      accountIdOf(id) ?? null,
      id,
    ]);
    if (!refund) throw new Refusal('not_found', 'refund_not_found', `There is no refund "${id}".`);
    return refund;
  }
}
