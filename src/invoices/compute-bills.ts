import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { longSlotsOf, prepare, type PreparedBill, untaxed } from '../domain/billing/bill.js';
import type { Draft } from '../domain/billing/draft.js';
import type { Line } from '../domain/billing/line.js';
import { manualLines } from '../domain/billing/manual.js';
import type { Instant } from '../domain/instant.js';
import type { UsageAnswer } from '../domain/metering/question.js';
import type { LateUsage } from '../usage/late-marks.js';
import { UsageService } from '../usage/usage.service.js';
import { highestPositions } from './billed-lines.js';
import type { DraftRow } from './drafts/draft-records.js';
import { LoadFacts, type LoadedAccount, type Unsettled } from './load-facts.js';
import { AssessTaxes } from './taxes/assess-taxes.js';

export interface Prepared extends LoadedAccount {
  readonly prepared: PreparedBill;
}

export interface Concluded extends Prepared {
  readonly draft: Draft | undefined;
}

export interface Recomputed {
  /** The marks of late usage that were read. */
  readonly late: readonly LateUsage[];
  readonly billedAt: Instant;
  readonly concluded: readonly Concluded[];
}

interface HowToCompute {
  readonly asOf: Instant;
  readonly locksGrants: boolean;
  /** What was added by hand is on them. */
  readonly drafts?: Drafts;
}

/** Drafts of what subscriptions owe, by account. */
export type Drafts = ReadonlyMap<string, Pick<DraftRow, 'id' | 'manualLines'>>;

const NO_DRAFTS: Drafts = new Map();

/** Loads many accounts, asks their usage, and lets the domain decide what is owed. Stores nothing. */
@Injectable()
export class ComputeBills {
  constructor(
    private readonly clock: Clock,
    private readonly facts: LoadFacts,
    private readonly usage: UsageService,
    private readonly taxes: AssessTaxes,
  ) {}

  /**
   * What differs from what was billed. Marks of late usage are read first: what they tell of is seen, and what comes later leaves marks that
   * stay. Usage is asked for when all that was being stored is stored.
   */
  async recompute(tx: Tx, accountIds: readonly string[], { asOf, locksGrants, drafts = NO_DRAFTS }: HowToCompute): Promise<Recomputed> {
    const late = await this.usage.lateUsage(tx, accountIds);
    const prepared = await this.numbered(tx, await this.prepare(tx, accountIds, { asOf, late, locksGrants }));
    const metered = prepared.flatMap(({ profile, prepared: bill }) => (bill.questions.length === 0 ? [] : [profile.id]));
    await this.usage.closeForBilling(metered, asOf);
    const billedAt = this.clock.now();
    return { late, billedAt, concluded: await this.conclude(tx, prepared, { billedAt, drafts }) };
  }

  /** With what is not settled. */
  async prepare(
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

  /** With the usage that is known, and what was added by hand. */
  async conclude(
    tx: Tx,
    prepared: readonly Prepared[],
    { billedAt, drafts = NO_DRAFTS }: { readonly billedAt: Instant; readonly drafts?: Drafts },
  ): Promise<Concluded[]> {
    const questions = prepared.flatMap(({ profile, prepared: bill }) =>
      bill.questions.map((question) => ({ ...question, accountId: profile.id })),
    );
    const answers = await this.usage.answer(tx, questions);
    let answered = 0;
    const bills = prepared.map((one) => {
      const own: UsageAnswer[] = answers.slice(answered, (answered += one.prepared.questions.length));
      return { profile: one.profile, bill: untaxed(one.prepared, own, billedAt, manualOf(one, drafts, billedAt)) };
    });
    const owing = bills.flatMap(({ profile, bill }) => (bill ? [{ profile, bill }] : []));
    const taxed = new Map((await this.taxes.run(owing)).map((draft, i) => [owing[i]?.profile.id, draft]));
    return prepared.map((one) => ({ ...one, draft: taxed.get(one.profile.id) }));
  }
}

function manualOf({ profile, facts }: LoadedAccount, drafts: Drafts, at: Instant): Line[] {
  const draft = drafts.get(profile.id);
  return draft ? manualLines(draft.manualLines, { invoiceId: draft.id, currency: facts.currency, at, taxes: facts.taxes }) : [];
}
