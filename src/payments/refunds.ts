import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { Outbox } from '../common/events/outbox.js';
import { accountIdOf } from '../common/ids.js';
import { LOG } from '../common/telemetry/log-token.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { Outcome } from '../providers/port.js';
import { Providers } from '../providers/providers.js';
import { BookRefund } from './book-refund.js';
import { paymentById } from './payment-records.js';
import { type Refund, REFUND_COLUMNS } from './refund-records.js';
import { type Step, walk } from './walk.js';

/** Refunds that were noted are sent, and what becomes of them is noted. */
@Injectable()
export class Refunds {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly providers: Providers,
    private readonly booking: BookRefund,
    private readonly outbox: Outbox,
  ) {}

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

  /** Sends again what has no outcome: the key is the same. Relies on refund_open. */
  async resolveOpen(before: string): Promise<void> {
    await walk({
      page: (after) =>
        this.database.query<Step>({
          name: 'open_refunds',
          text: `select id, created_at as "createdAt" from refund where state = 'pending' and created_at <= $3
                   and (created_at, id) > ($1::timestamptz, $2) order by created_at, id limit 500`,
          values: [...after, before],
        }),
      work: (id) => this.send(id),
      failed: (err, refundId) => {
        this.log.error({ err, refundId }, 'a refund could not be sent; it is tried again within a minute');
      },
    });
  }

  list(tx: Tx, accountId: string, paymentIds: readonly string[]): Promise<Refund[]> {
    return tx.query<Refund[]>(
      `select ${REFUND_COLUMNS} from refund where account_id = $1 and payment_id = any($2::text[]) order by created_at, id`,
      [accountId, paymentIds],
    );
  }

  /** Notes what became of a refund. One that failed stays so; one that went out may still come back. @throws Refusal `refund_not_found` */
  async resolve(tx: Tx, id: string, outcome: Outcome): Promise<Refund> {
    const refund = await this.byId(tx, id, 'for update');
    if (refund.state === 'succeeded' && (outcome.kind === 'declined' || outcome.kind === 'not_attempted'))
      return this.cameBack(tx, refund, outcome.reason);
    if (refund.state !== 'pending' || !['succeeded', 'declined', 'not_attempted'].includes(outcome.kind)) return refund;
    const succeeded = outcome.kind === 'succeeded';
    const failure = 'reason' in outcome ? outcome.reason : null;
    await tx.query('update refund set state = $3, failure = $4, settled_at = $5 where account_id = $1 and id = $2', [
      refund.accountId,
      id,
      succeeded ? 'succeeded' : 'failed',
      failure,
      formatInstant(this.clock.now()),
    ]);
    const fromBalanceMinor = succeeded ? await this.booking.run(tx, refund) : 0n;
    if (!succeeded) await this.booking.returned(tx, refund);
    await this.audit.record(tx, {
      actor: SYSTEM,
      action: succeeded ? 'refund.succeeded' : 'refund.failed',
      accountId: refund.accountId,
      subjectType: 'refund',
      subjectId: id,
      before: { state: refund.state },
      after: { paymentId: refund.paymentId, outcome: outcome.kind, fromBalanceMinor },
      ...(failure === null ? {} : { reason: failure }),
    });
    return this.byId(tx, id);
  }

  /** The customer's bank did not take it: it has failed after all, and people may have to pay the customer in another way. */
  private async cameBack(tx: Tx, { state, ...refund }: Refund, reason: string): Promise<Refund> {
    const { accountId, id, paymentId } = refund;
    await tx.query(`update refund set state = 'failed', failure = $3, returned_at = $4 where account_id = $1 and id = $2`, [
      accountId,
      id,
      reason,
      formatInstant(this.clock.now()),
    ]);
    const toBalanceMinor = await this.booking.cameBack(tx, { ...refund, state });
    const { amountMinor, currency } = refund;
    const amounts = { amount: formatMoney(amountMinor, currency), toBalance: formatMoney(toBalanceMinor, currency), currency };
    await this.outbox.add(tx, [{ accountId, type: 'refund.returned', data: { refund: id, payment: paymentId, ...amounts, reason } }]);
    await this.audit.record(tx, {
      actor: SYSTEM,
      action: 'refund.returned',
      accountId,
      subjectType: 'refund',
      subjectId: id,
      before: { state },
      after: { paymentId, state: 'failed', toBalanceMinor },
      reason,
    });
    return this.byId(tx, id);
  }

  private async byId(tx: Tx, id: string, lock: '' | 'for update' = ''): Promise<Refund> {
    const [refund] = await tx.query<Refund[]>(`select ${REFUND_COLUMNS} from refund where account_id = $1 and id = $2 ${lock}`, [
      accountIdOf(id) ?? null,
      id,
    ]);
    if (!refund) throw new Refusal('not_found', 'refund_not_found', `There is no refund "${id}".`);
    return refund;
  }
}
