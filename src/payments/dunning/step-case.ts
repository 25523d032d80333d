import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { nextStep } from '../../domain/dunning/next-step.js';
import type { DunningPolicy } from '../../domain/dunning/policy.js';
import { formatInstant } from '../../domain/instant.js';
import type { InvoiceSettlement } from '../../invoices/invoice-settlements.js';
import { InvoicesService } from '../../invoices/invoices.service.js';
import { type Payment, pendingPayment } from '../payment-records.js';
import { CaseHistories } from './case-histories.js';
import { caseById, changeCase, DUNNING, type DunningCase, lockCase } from './case-records.js';
import { DunningMails } from './dunning-mails.js';
import { DunningPolicies } from './dunning-policies.service.js';
import { EndCase } from './end-case.js';
import { FinishCase } from './finish-case.js';
import { RetryCase } from './retry-case.js';
import { whenDue } from './when-due.js';

/** What is to be done after a step: nothing, the next one, or to give up a charge and then the next one. */
export type Then = 'nothing' | 'again' | { readonly giveUp: Payment };

/** The one step of a case that is due, in the caller's transaction. */
@Injectable()
export class StepCase {
  constructor(
    private readonly clock: Clock,
    private readonly invoices: InvoicesService,
    private readonly policies: DunningPolicies,
    private readonly histories: CaseHistories,
    private readonly mails: DunningMails,
    private readonly retrying: RetryCase,
    private readonly ending: EndCase,
    private readonly finishing: FinishCase,
  ) {}

  async run(tx: Tx, caseId: string): Promise<Then> {
    const { accountId, invoiceId } = await caseById(tx, caseId);
    const settlement = await this.invoices.settlement(tx, accountId, invoiceId);
    const found = await lockCase(tx, { accountId, invoiceId });
    if (!found || found.dueAt === null || found.dueAt > this.clock.now()) return 'nothing';
    const rules = await this.policies.rules(tx, found.policy, found.policyVersion);
    if (settlement.leftMinor === 0n) await this.finishing.settled(tx, found, settlement);
    else if (found.state === 'ended') await changeCase(tx, found, { nextStep: null, dueAt: null });
    else if (settlement.closed !== null) await this.finishing.close(tx, found, { actor: DUNNING, reason: 'The invoice was written off.' });
    else if (found.state === 'ending') await this.ending.run(tx, found, rules.atEnd);
    else return this.goOn(tx, found, settlement, rules);
    return 'nothing';
  }

  private async goOn(tx: Tx, found: DunningCase, settlement: InvoiceSettlement, rules: DunningPolicy): Promise<Then> {
    const now = this.clock.now();
    const step = nextStep(rules, await this.histories.of(tx, found, rules, now));
    if (step.kind === 'wait' || step.at > now) {
      await changeCase(tx, found, { nextStep: step.kind, dueAt: whenDue(step, now) });
      return 'nothing';
    }
    if (step.kind === 'end') return this.end(tx, found, rules);
    if (step.kind === 'notice') {
      const { end: endAt } = step;
      await this.mails.queue(tx, found, rules, { on: 'before_end', cause: `${found.id}:${formatInstant(endAt)}`, endAt });
      await changeCase(tx, found, { noticedEnd: endAt });
      return 'again';
    }
    await this.retrying.run(tx, found, settlement);
    return 'nothing';
  }

  /** A charge that waits for the customer is given up first: who is told that it is over must not be charged afterwards. */
  private async end(tx: Tx, found: DunningCase, { atEnd }: DunningPolicy): Promise<Then> {
    const waiting = await pendingPayment(tx, found.accountId, found.invoiceId);
    if (waiting) {
      await changeCase(tx, found, { state: 'ending' });
      return { giveUp: waiting };
    }
    await this.ending.run(tx, found, atEnd);
    return 'nothing';
  }
}
