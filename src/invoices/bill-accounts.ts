import { Injectable } from '@nestjs/common';
import { type Actor, SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { conclude, nextDueOf, prepare, type PreparedBill } from '../domain/billing/bill.js';
import type { Draft } from '../domain/billing/draft.js';
import { type Instant, latest } from '../domain/instant.js';
import type { UsageAnswer } from '../domain/metering/question.js';
import { startOf } from '../domain/subscription/lifecycle.js';
import { UsageService } from '../usage/usage.service.js';
import { dueBy, setNextDue } from './billing-state.js';
import { IssueInvoices } from './issue-invoices.js';
import { LoadFacts, type LoadedAccount } from './load-facts.js';

/** What billing some accounts came to. */
export interface Billed {
  readonly accounts: number;
  readonly drafts: readonly Draft[];
}

interface Prepared extends LoadedAccount {
  readonly prepared: PreparedBill;
}

interface Concluded extends Prepared {
  readonly draft: Draft | undefined;
}

/**
 * The shell around a bill: loads many accounts, lets the domain decide, saves many. Everything between belongs to one transaction, which has
 * claimed the accounts.
 */
@Injectable()
export class BillAccounts {
  constructor(
    private readonly clock: Clock,
    private readonly facts: LoadFacts,
    private readonly usage: UsageService,
    private readonly issue: IssueInvoices,
    private readonly audit: Audit,
  ) {}

  /** Bills what is due by `asOf`, and notes when something is due next. The actor is who caused it: the service itself where nobody did. */
  async run(tx: Tx, accountIds: readonly string[], asOf: Instant, actor: Actor = SYSTEM): Promise<Billed> {
    const prepared = await this.prepare(tx, accountIds, { asOf, locksGrants: true });
    const metered = prepared.flatMap(({ profile, prepared: bill }) => (bill.questions.length === 0 ? [] : [profile.id]));
    await this.usage.closeForBilling(metered, asOf);
    const late = await this.usage.lateUsage(tx, accountIds);
    const billedAt = this.clock.now();
    const concluded = await this.conclude(tx, prepared, billedAt);
    const issues = concluded.flatMap(({ profile, facts, draft }) =>
      draft ? [{ profile, draft, versions: facts.versions, asOf, billedAt }] : [],
    );
    const takenBack = await setNextDue(
      tx,
      concluded.map(({ profile, facts }) => ({ accountId: profile.id, nextDue: nextDueOf(facts, asOf) })),
    );
    const entry = { actor, action: 'account.taken_back', subjectType: 'account' };
    await this.audit.recordMany(
      tx,
      concluded.flatMap(({ profile: { id, key } }) => (takenBack.includes(id) ? [{ ...entry, accountId: id, subjectId: key }] : [])),
    );
    await this.usage.clearLateUsage(tx, late);
    await this.issue.run(tx, issues, actor); // last: it takes the numbers
    return { accounts: concluded.length, drafts: issues.map((one) => one.draft) };
  }

  /** What would be billed by `asOf`; stores nothing. */
  async preview(tx: Tx, accountIds: readonly string[], asOf: Instant): Promise<Billed> {
    const prepared = await this.prepare(tx, accountIds, { asOf, locksGrants: false });
    const concluded = await this.conclude(tx, prepared, latest(asOf, this.clock.now()));
    return { accounts: concluded.length, drafts: concluded.flatMap(({ draft }) => draft ?? []) };
  }

  /** Notes when something falls due, now at the earliest. */
  async schedule(tx: Tx, accountIds: readonly string[], now: Instant): Promise<void> {
    for (const { profile, facts } of await this.facts.run(tx, accountIds)) {
      const paidThrough = facts.subscriptions.map((history) => startOf(history).paidThroughAt ?? now);
      const nextDue = paidThrough.every((at) => at > now) ? nextDueOf(facts, now) : now;
      if (nextDue !== undefined) await dueBy(tx, profile.id, nextDue);
    }
  }

  private async prepare(
    tx: Tx,
    accountIds: readonly string[],
    { asOf, locksGrants }: { readonly asOf: Instant; readonly locksGrants: boolean },
  ): Promise<Prepared[]> {
    return (await this.facts.run(tx, accountIds, { locksGrants })).map((loaded) => ({ ...loaded, prepared: prepare(loaded.facts, asOf) }));
  }

  private async conclude(tx: Tx, prepared: readonly Prepared[], billedAt: Instant): Promise<Concluded[]> {
    const questions = prepared.flatMap(({ profile, prepared: bill }) =>
      bill.questions.map((question) => ({ ...question, accountId: profile.id })),
    );
    const answers = await this.usage.answer(tx, questions);
    let answered = 0;
    return prepared.map((one) => {
      const own: UsageAnswer[] = answers.slice(answered, (answered += one.prepared.questions.length));
      return { ...one, draft: conclude(one.prepared, own, billedAt) };
    });
  }
}
