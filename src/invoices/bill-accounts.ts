import { Injectable } from '@nestjs/common';
import { type Actor, SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { longSlotsOf, nextDueOf, prepare, type PreparedBill, untaxed, usageNeededFrom } from '../domain/billing/bill.js';
import type { Draft } from '../domain/billing/draft.js';
import { factsKnown, settledAfter } from '../domain/billing/settled.js';
import { type Instant, latest } from '../domain/instant.js';
import type { UsageAnswer } from '../domain/metering/question.js';
import { startOf } from '../domain/subscription/lifecycle.js';
import type { LateUsage } from '../usage/late-marks.js';
import { UsageService } from '../usage/usage.service.js';
import { highestPositions } from './billed-lines.js';
import { dueBy, setNextDue } from './billing-state.js';
import { BillingBounds } from './controls/billing-bounds.js';
import { IssueInvoices } from './issue-invoices.js';
import { LoadFacts, type LoadedAccount, type Unsettled } from './load-facts.js';
import { saveSettlements, type Settled } from './settlements.js';
import { AssessTaxes } from './taxes/assess-taxes.js';

/** What billing some accounts came to. */
export interface Billed {
  readonly accounts: number;
  readonly bills: readonly { readonly accountId: string; readonly draft: Draft }[];
}

export interface HowToBill {
  readonly asOf: Instant;
  /** Who caused it: the service itself where nobody did. */
  readonly actor?: Actor;
  /** For what a person has looked at. */
  readonly ignoresBounds?: boolean;
}

interface Prepared extends LoadedAccount {
  readonly prepared: PreparedBill;
}

interface Concluded extends Prepared {
  readonly draft: Draft | undefined;
}

interface Recomputed {
  /** The marks of late usage that were read. */
  readonly late: readonly LateUsage[];
  readonly billedAt: Instant;
  readonly concluded: readonly Concluded[];
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
    private readonly bounds: BillingBounds,
    private readonly taxes: AssessTaxes,
  ) {}

  /**
   * Bills what is due by `asOf`, and notes when something is due next, and how far the accounts are settled.
   * @throws Refusal what parks an account, such as `total_out_of_bounds`
   */
  async run(tx: Tx, accountIds: readonly string[], { asOf, actor = SYSTEM, ignoresBounds = false }: HowToBill): Promise<Billed> {
    const { late, billedAt, concluded } = await this.recompute(tx, accountIds, { asOf, locksGrants: true });
    const bills = billsOf(concluded);
    if (!ignoresBounds)
      await this.bounds.check(
        tx,
        bills.map(({ accountId, draft: { currency, totalMinor } }) => ({ accountId, currency, totalMinor })),
      );
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
    await saveSettlements(
      tx,
      concluded.map((one) => settledBy(one, asOf)),
    );
    await this.issue.run(tx, issues, actor); // last: it takes the numbers
    return { accounts: concluded.length, bills };
  }

  /** Notes how far accounts are settled, and bills nothing: what differs stays to be billed. The transaction has claimed them. */
  async settle(tx: Tx, accountIds: readonly string[], asOf: Instant): Promise<void> {
    const { late, concluded } = await this.recompute(tx, accountIds, { asOf, locksGrants: false });
    const differing = new Set(concluded.flatMap(({ profile, draft }) => (draft ? [profile.id] : [])));
    await this.usage.clearLateUsage(
      tx,
      late.filter(({ accountId }) => !differing.has(accountId)),
    );
    await saveSettlements(
      tx,
      concluded.map((one) => settledBy(one, asOf)),
    );
  }

  /** What would be billed by `asOf`; stores nothing. */
  async preview(tx: Tx, accountIds: readonly string[], asOf: Instant): Promise<Billed> {
    const late = await this.usage.lateUsage(tx, accountIds);
    const prepared = await this.prepare(tx, accountIds, { asOf, late, locksGrants: false });
    const concluded = await this.conclude(tx, prepared, latest(asOf, this.clock.now()));
    return { accounts: concluded.length, bills: billsOf(concluded) };
  }

  /** Notes when something falls due, now at the earliest. */
  async schedule(tx: Tx, accountIds: readonly string[], now: Instant): Promise<void> {
    for (const { profile, facts } of await this.facts.run(tx, accountIds)) {
      const paidThrough = facts.subscriptions.map((history) => startOf(history).paidThroughAt ?? now);
      const nextDue = paidThrough.every((at) => at > now) ? nextDueOf(facts, now) : now;
      if (nextDue !== undefined) await dueBy(tx, profile.id, nextDue);
    }
  }

  /**
   * What differs from what was billed. Marks of late usage are read first: what they tell of is seen, and what comes later leaves marks that
   * stay. Usage is asked for when all that was being stored is stored.
   */
  private async recompute(
    tx: Tx,
    accountIds: readonly string[],
    { asOf, locksGrants }: { readonly asOf: Instant; readonly locksGrants: boolean },
  ): Promise<Recomputed> {
    const late = await this.usage.lateUsage(tx, accountIds);
    const prepared = await this.numbered(tx, await this.prepare(tx, accountIds, { asOf, late, locksGrants }));
    const metered = prepared.flatMap(({ profile, prepared: bill }) => (bill.questions.length === 0 ? [] : [profile.id]));
    await this.usage.closeForBilling(metered, asOf);
    const billedAt = this.clock.now();
    return { late, billedAt, concluded: await this.conclude(tx, prepared, billedAt) };
  }

  private async prepare(
    tx: Tx,
    accountIds: readonly string[],
    { asOf, ...known }: Pick<Unsettled, 'late' | 'locksGrants'> & { readonly asOf: Instant },
  ): Promise<Prepared[]> {
    return (await this.facts.unsettled(tx, accountIds, known)).map((loaded) => ({ ...loaded, prepared: prepare(loaded.facts, asOf) }));
  }

  /** With the positions taken in slots whose lines may be left out. */
  private async numbered(tx: Tx, all: readonly Prepared[]): Promise<Prepared[]> {
    const settled = all.filter(({ settledThrough }) => settledThrough !== undefined);
    const slots = settled.flatMap(({ profile, prepared }) => longSlotsOf(prepared).map((slot) => ({ accountId: profile.id, slot })));
    const taken = new Map<string, [string, number][]>();
    for (const { accountId, slot, slotSeq } of await highestPositions(tx, slots))
      taken.set(accountId, [...(taken.get(accountId) ?? []), [slot, slotSeq]]);
    return all.map(({ prepared, ...one }) => {
      const slotSeqs = new Map([...one.facts.slotSeqs, ...(taken.get(one.profile.id) ?? [])]);
      return { ...one, prepared: { ...prepared, facts: { ...prepared.facts, slotSeqs } } };
    });
  }

  private async conclude(tx: Tx, prepared: readonly Prepared[], billedAt: Instant): Promise<Concluded[]> {
    const questions = prepared.flatMap(({ profile, prepared: bill }) =>
      bill.questions.map((question) => ({ ...question, accountId: profile.id })),
    );
    const answers = await this.usage.answer(tx, questions);
    let answered = 0;
    const bills = prepared.map((one) => {
      const own: UsageAnswer[] = answers.slice(answered, (answered += one.prepared.questions.length));
      return { profile: one.profile, bill: untaxed(one.prepared, own, billedAt) };
    });
    const owing = bills.flatMap(({ profile, bill }) => (bill ? [{ profile, bill }] : []));
    const drafts = new Map((await this.taxes.run(owing)).map((draft, i) => [owing[i]?.profile.id, draft]));
    return prepared.map((one) => ({ ...one, draft: drafts.get(one.profile.id) }));
  }
}

const billsOf = (concluded: readonly Concluded[]): Billed['bills'] =>
  concluded.flatMap(({ profile, draft }) => (draft ? [{ accountId: profile.id, draft }] : []));

function settledBy({ profile, facts, draft, settledThrough }: Concluded, asOf: Instant): Settled {
  const through = settledAfter(draft?.lines ?? [], { asOf, before: settledThrough ?? asOf });
  return {
    accountId: profile.id,
    through,
    facts: factsKnown(facts.subscriptions),
    usageNeededFrom: usageNeededFrom(facts, through),
  };
}
