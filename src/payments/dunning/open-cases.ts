import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { newId } from '../../common/ids.js';
import { nextStep } from '../../domain/dunning/next-step.js';
import { formatInstant } from '../../domain/instant.js';
import { InvoicesService } from '../../invoices/invoices.service.js';
import { type Attempt, attemptKey } from '../payment-records.js';
import { CaseHistories } from './case-histories.js';
import { CaseNews } from './case-news.js';
import { changeCase, type DunningCase, lockCase } from './case-records.js';
import { whenDue } from './when-due.js';
import { DunningMails } from './dunning-mails.js';
import { DunningPolicies, type PolicyVersion } from './dunning-policies.service.js';

/** A case begins with the first attempt that fails, and each further one decides anew what comes next. */
@Injectable()
export class OpenCases {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly policies: DunningPolicies,
    private readonly histories: CaseHistories,
    private readonly mails: DunningMails,
    private readonly news: CaseNews,
  ) {}

  /**
   * An attempt to collect an invoice came to nothing, or waits for the customer. The caller has locked the settlement. An invoice that nobody is asked
   * to pay any more, or whose policy has run its course, is left as it is.
   */
  async attemptFailed(tx: Tx, attempt: Attempt, state: 'declined' | 'not_attempted' | 'requires_action'): Promise<void> {
    const { accountId, invoiceId } = attempt;
    const { openMinor } = await this.invoices.settlement(tx, accountId, invoiceId);
    if (openMinor === 0n) return;
    const known = await lockCase(tx, attempt);
    if (known && known.state !== 'open') return;
    const { found, version } = known ? { found: known, version: await this.versionOf(tx, known) } : await this.begin(tx, attempt);
    const now = this.clock.now();
    const step = nextStep(version.rules, await this.histories.of(tx, found, version.rules, now));
    const scheduled = await changeCase(tx, found, { nextStep: step.kind, dueAt: whenDue(step, now) });
    if (known) await this.news.record(tx, 'dunning.scheduled', scheduled);
    else await this.news.tell(tx, 'dunning.started', scheduled);
    if (state === 'not_attempted') return; // nobody declined
    await this.mails.queue(tx, scheduled, version.rules, {
      on: state === 'requires_action' ? 'authentication_required' : known ? 'later_failure' : 'first_failure',
      cause: `${attemptKey(attempt)}:${state}`,
      retryAt: step.kind === 'retry' ? step.at : null,
    });
  }

  private async versionOf(tx: Tx, { policy, policyVersion: version }: DunningCase): Promise<PolicyVersion> {
    return { policy, version, rules: await this.policies.rules(tx, policy, version) };
  }

  private async begin(
    tx: Tx,
    { accountId, invoiceId }: Attempt,
  ): Promise<{ readonly found: DunningCase; readonly version: PolicyVersion }> {
    const named = (await this.accounts.profiles(tx, [accountId])).get(accountId)?.dunningPolicy ?? null;
    const version = await this.policies.forAccount(tx, named);
    const now = this.clock.now();
    await tx.query(
      `insert into dunning_case (account_id, id, invoice_id, policy, policy_version, state, next_step, due_at, opened_at)
       values ($1, $2, $3, $4, $5, 'open', 'wait', $6, $6)`,
      [accountId, newId('dun', now, accountId), invoiceId, version.policy, version.version, formatInstant(now)],
    );
    const found = await lockCase(tx, { accountId, invoiceId });
    if (!found) throw new RangeError('a dunning case was not stored');
    return { found, version };
  }
}
