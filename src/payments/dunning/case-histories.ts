import { Injectable } from '@nestjs/common';
import type { Tx } from '../../common/database/database.js';
import type { DunningHistory, FailedAttempt } from '../../domain/dunning/next-step.js';
import { type DunningPolicy, lengthOf } from '../../domain/dunning/policy.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { CurrentMethods } from '../current-methods.js';
import { openAttempt, pendingPayment } from '../payment-records.js';
import type { DunningCase } from './case-records.js';

/** An attempt that was given up for a new payment method is no failure, and neither is what the provider never saw, where the payment went on. */
const FAILURES = `
  select coalesce(a.resolved_at, a.created_at) as at, a.method_id as method,
    case a.state when 'requires_action' then 'authentication' else coalesce(a.decline, 'soft') end as kind
  from payment_attempt a join payment p on p.account_id = a.account_id and p.id = a.payment_id
  where a.account_id = $1 and a.invoice_id = $2
    and (a.state in ('declined', 'requires_action') or a.state = 'not_attempted' and p.state = 'failed' and not exists (
      select from payment_attempt o where o.account_id = a.account_id and o.payment_id = a.payment_id and o.n > a.n))
  order by 1, a.payment_id, a.n`;

const BY_METHOD = `
  select created_at as at from payment_attempt
  where account_id = $1 and method_id = $2 and state <> 'not_attempted' and created_at >= $3 order by created_at`;

/** What is known of a case that its policy asks for. */
@Injectable()
export class CaseHistories {
  constructor(private readonly methods: CurrentMethods) {}

  /** The caller has locked the settlement of the invoice: no payment of it begins or ends meanwhile. */
  async of(tx: Tx, found: DunningCase, { retryLimits }: DunningPolicy, now: Instant): Promise<DunningHistory> {
    const { accountId, invoiceId, openedAt, noticedEnd } = found;
    const failures = await tx.query<FailedAttempt[]>(FAILURES, [accountId, invoiceId]);
    const pending = await pendingPayment(tx, accountId, invoiceId);
    const open = pending && (await openAttempt(tx, pending));
    const current = (await this.methods.of(tx, [accountId])).get(accountId);
    const longest = retryLimits.reduce((most, { within }) => (lengthOf(within) > most ? lengthOf(within) : most), 0n);
    const attempts = await tx.query<{ at: Instant }[]>(BY_METHOD, [accountId, current?.id ?? null, formatInstant(now - longest)]);
    return {
      openedAt,
      failures,
      noticedEnd,
      underWay: pending !== undefined && open?.state !== 'requires_action',
      method: current && { id: current.id, addedAt: current.createdAt, attemptsAt: attempts.map(({ at }) => at) },
    };
  }
}
