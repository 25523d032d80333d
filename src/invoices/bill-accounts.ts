import { Injectable } from '@nestjs/common';
import { type Actor, SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { nextDueOf, usageNeededFrom } from '../domain/billing/bill.js';
import type { Draft } from '../domain/billing/draft.js';
import { factsKnown, settledAfter } from '../domain/billing/settled.js';
import { type Instant, latest } from '../domain/instant.js';
import { startOf } from '../domain/subscription/lifecycle.js';
import { UsageService } from '../usage/usage.service.js';
import { dueBy, setNextDue } from './billing-state.js';
import { BillingBounds } from './controls/billing-bounds.js';
import { type Concluded, ComputeBills } from './compute-bills.js';
import { documentOf } from './drafts/draft-records.js';
import { HoldInvoices } from './drafts/hold-invoices.js';
import { IssueInvoices } from './issue-invoices.js';
import { LoadFacts } from './load-facts.js';
import { saveSettlements, type Settled } from './settlements.js';

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
  /** For what a person does not want to wait for. */
  readonly ignoresGrace?: boolean;
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
    private readonly compute: ComputeBills,
    private readonly holding: HoldInvoices,
    private readonly issue: IssueInvoices,
    private readonly audit: Audit,
    private readonly bounds: BillingBounds,
  ) {}

  /**
   * Bills what is due by `asOf`, and notes when something is due next, and how far the accounts are settled.
   * @throws Refusal what parks an account, such as `total_out_of_bounds`
   */
  async run(
    tx: Tx,
    accountIds: readonly string[],
    { asOf, actor = SYSTEM, ignoresBounds = false, ignoresGrace = false }: HowToBill,
  ): Promise<Billed> {
    const drafts = await this.holding.drafts(tx, accountIds, asOf);
    const { late, billedAt, concluded } = await this.compute.recompute(tx, accountIds, { asOf, locksGrants: true, drafts: drafts.open });
    const { due, held, dueAgain } = await this.holding.divide(tx, concluded, { drafts: drafts.open, billedAt, ignoresGrace });
    const bills = billsOf(due);
    if (!ignoresBounds)
      await this.bounds.check(
        tx,
        bills.map(({ accountId, draft: { currency, totalMinor } }) => ({ accountId, currency, totalMinor })),
      );
    const takenBack = await setNextDue(
      tx,
      concluded.map(({ profile, facts }) => ({ accountId: profile.id, nextDue: dueAgain.get(profile.id) ?? nextDueOf(facts, asOf) })),
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
    await this.holding.keep(tx, { concluded, held, drafts, billedAt });
    const issues = due.map(({ profile, facts, prepared, draft }) => {
      const open = drafts.open.get(profile.id);
      return { profile, draft, versions: facts.versions, asOf: prepared.asOf, billedAt, ...(open ? { document: documentOf(open) } : {}) };
    });
    await this.issue.run(tx, issues, actor); // last: it takes the numbers
    return { accounts: concluded.length, bills };
  }

  /** Notes how far accounts are settled, and bills nothing: what differs stays to be billed. The transaction has claimed them. */
  async settle(tx: Tx, accountIds: readonly string[], asOf: Instant): Promise<void> {
    const { late, concluded } = await this.compute.recompute(tx, accountIds, { asOf, locksGrants: false });
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
    const prepared = await this.compute.prepare(tx, accountIds, { asOf, late, locksGrants: false });
    const concluded = await this.compute.conclude(tx, prepared, { billedAt: latest(asOf, this.clock.now()) });
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
}

const billsOf = (concluded: readonly Pick<Concluded, 'profile' | 'draft'>[]): Billed['bills'] =>
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
