import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { type AccountFacts, afterBilling, nextDueOf, prepare, untaxed } from '../../domain/billing/bill.js';
import type { Draft } from '../../domain/billing/draft.js';
import type { Instant } from '../../domain/instant.js';
import type { SubscriptionHistory } from '../../domain/subscription/facts.js';
import { UsageService } from '../../usage/usage.service.js';
import { LoadFacts, type LoadedAccount, type Suppose } from '../load-facts.js';
import { AssessTaxes } from '../taxes/assess-taxes.js';

/** A bill that was not stored. */
export interface PreviewedBill {
  readonly at: Instant;
  readonly facts: AccountFacts;
  readonly draft: Draft;
}

export interface Preview {
  /** What would be billed at once. */
  readonly dueNow: PreviewedBill | undefined;
  /** What would be billed after that, with usage as it is known now. */
  readonly next: PreviewedBill | undefined;
}

type Known = Pick<LoadedAccount, 'profile' | 'facts'>;

/** How many instants at which nothing is owed after all may lie before the next invoice. */
const LOOK_AHEAD_MAX = 100;

/** Bills what is not so: by the code of a bill run, with facts that were not recorded. Stores nothing. */
@Injectable()
export class PreviewBill {
  constructor(
    private readonly clock: Clock,
    private readonly facts: LoadFacts,
    private readonly usage: UsageService,
    private readonly taxes: AssessTaxes,
  ) {}

  /** The bills of an account if one of its subscriptions were as given, or there were one more. */
  async run(tx: Tx, accountId: string, supposed: SubscriptionHistory): Promise<Preview> {
    return this.bills(tx, await this.known(tx, accountId, (subscriptions) => withSupposed(subscriptions, supposed)));
  }

  /** The bills of an account as it is. */
  async ofAccount(tx: Tx, accountId: string): Promise<Preview> {
    return this.bills(tx, await this.known(tx, accountId));
  }

  private async bills(tx: Tx, account: Known): Promise<Preview> {
    const now = this.clock.now();
    const dueNow = await this.billed(tx, account, now);
    return { dueNow, next: await this.next(tx, dueNow ? { ...account, facts: billedLater(dueNow, 'now') } : account, now) };
  }

  /** The next bill of an account if nothing changed: what is due already, else what falls due next. */
  async upcoming(tx: Tx, accountId: string): Promise<PreviewedBill | undefined> {
    const account = await this.known(tx, accountId);
    const now = this.clock.now();
    return (await this.billed(tx, account, now)) ?? (await this.next(tx, account, now));
  }

  private async known(tx: Tx, accountId: string, suppose?: Suppose): Promise<Known> {
    const late = await this.usage.lateUsage(tx, [accountId]);
    const [loaded] = await this.facts.unsettled(tx, [accountId], { late, suppose });
    if (!loaded) throw new RangeError(`account ${accountId} was not found`);
    return loaded;
  }

  private async next(tx: Tx, account: Known, after: Instant): Promise<PreviewedBill | undefined> {
    const { facts } = account;
    for (let at = nextDueOf(facts, after), i = 0; at !== undefined && i < LOOK_AHEAD_MAX; at = nextDueOf(facts, at), i += 1) {
      const found = await this.billed(tx, account, at);
      if (found) return found;
    }
    return undefined;
  }

  private async billed(tx: Tx, { profile, facts }: Known, at: Instant): Promise<PreviewedBill | undefined> {
    const prepared = prepare(facts, at);
    const answers = await this.usage.answer(
      tx,
      prepared.questions.map((question) => ({ ...question, accountId: profile.id })),
    );
    const bill = untaxed(prepared, answers, at);
    const [draft] = bill ? await this.taxes.run([{ profile, bill }]) : [];
    return draft && { at, facts, draft };
  }
}

/** Ids of lines that were not stored: they say in which of the previewed bills a line is, and where. */
export const previewIds = ({ lines }: Draft, bill: 'now' | 'next'): string[] => lines.map((_line, i) => `preview_${bill}_${String(i + 1)}`);

const billedLater = ({ facts, draft }: PreviewedBill, bill: 'now'): AccountFacts => afterBilling(facts, draft, previewIds(draft, bill));

/** With the subscription in the place of the one of its id, or as one more; its add-ons know it so, too. */
function withSupposed(all: readonly SubscriptionHistory[], supposed: SubscriptionHistory): SubscriptionHistory[] {
  const known = all.map((history) => {
    if (history.id === supposed.id) return supposed;
    return history.parent?.id === supposed.id ? { ...history, parent: supposed } : history;
  });
  return known.includes(supposed) ? known : [...known, supposed];
}
