import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import { type Actor, SYSTEM } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import type { Tx } from '../../common/database/database.js';
import { accountIdOf } from '../../common/ids.js';
import type { ProviderFact } from '../../providers/port.js';
import { PaymentMethods } from '../payment-methods.js';
import { Refunds } from '../refunds.js';
import { ResolveAttempt } from '../resolve-attempt.js';
import type { ProviderEvent } from './provider-event-records.js';

/** What a provider's event comes to is noted. States only move forward, so that an old event changes nothing. */
@Injectable()
export class ApplyFacts {
  constructor(
    private readonly accounts: AccountsService,
    private readonly resolving: ResolveAttempt,
    private readonly refunds: Refunds,
    private readonly methods: PaymentMethods,
    private readonly audit: Audit,
  ) {}

  /** @throws Refusal `payment_not_found`, `refund_not_found` */
  async run(tx: Tx, { provider, id }: ProviderEvent, facts: readonly ProviderFact[]): Promise<void> {
    const actor: Actor = { ...SYSTEM, id: `provider:${provider}` };
    for (const fact of facts) {
      const accountId = await this.apply(tx, { actor, provider, fact });
      const { kind } = fact;
      await this.audit.record(tx, {
        actor,
        action: 'provider_event.processed',
        ...(accountId === undefined ? {} : { accountId }),
        subjectType: 'provider_event',
        subjectId: id,
        after: kind === 'method' ? { provider, kind } : { provider, kind, key: fact.key, outcome: fact.outcome.kind },
      });
    }
  }

  /** Answers whose account it was about. */
  private async apply(
    tx: Tx,
    { actor, provider, fact }: { actor: Actor; provider: string; fact: ProviderFact },
  ): Promise<string | undefined> {
    if (fact.kind === 'method') {
      const { accountId, customer, method } = fact;
      if (!(await this.accounts.profiles(tx, [accountId])).has(accountId)) return undefined; // of another service with the same key
      await this.methods.keep(tx, { actor }, { accountId, provider, customer, ...method });
      return accountId;
    }
    const [subject = '', n = ''] = fact.key.split(':');
    if (fact.kind === 'charge') await this.resolving.run(tx, { paymentId: subject, n: Number(n), provider }, fact.outcome);
    else await this.refunds.resolve(tx, subject, fact.outcome);
    return accountIdOf(subject);
  }
}
