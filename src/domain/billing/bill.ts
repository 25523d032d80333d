import type { Coupon, PlanVersion } from '../catalog.js';
import type { Instant, Stretch } from '../instant.js';
import type { UsageAnswer, UsageQuestion } from '../metering/question.js';
import type { SubscriptionHistory } from '../subscription/facts.js';
import { holdings, oneTimePrices, versionKey } from '../subscription/history.js';
import { startOf } from '../subscription/lifecycle.js';
import { balanceAppliedOf, draft, type Draft } from './draft.js';
import type { FrozenPeriods } from './billing-periods.js';
import type { Expected } from './due.js';
import { expected, type Held, nextDue } from './expected.js';
import { afterBurnDown, type CreditGrant } from './grants.js';
import type { BilledLine, LineTax } from './line.js';
import { openingLines } from './opening.js';
import { owed } from './owed.js';

/** All that a bill depends on, for one account: its history, what it holds, what was billed. */
export interface AccountFacts {
  readonly currency: string;
  readonly subscriptions: readonly SubscriptionHistory[];
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly coupons: ReadonlyMap<string, Coupon>;
  readonly taxes: readonly LineTax[];
  /** In the order of billing; without those on void invoices. */
  readonly billed: readonly BilledLine[];
  readonly slotSeqs: ReadonlyMap<string, number>;
  readonly balanceMinor: bigint;
  /** Those that something is left of, in any order. */
  readonly grants: readonly CreditGrant[];
}

/** A bill up to the point where usage must be known. */
export interface PreparedBill {
  readonly facts: AccountFacts;
  readonly asOf: Instant;
  readonly expected: Expected;
  /** To be answered in this order. */
  readonly questions: readonly UsageQuestion[];
}

/** First half of a bill: what should have been charged by `asOf`, and which usage must be known for it. */
export function prepare(facts: AccountFacts, asOf: Instant): PreparedBill {
  const all = eachSubscription(facts).map(({ frozen, ...held }) => expected(held, asOf, frozen));
  const merged: Expected = {
    oneTime: all.flatMap((one) => one.oneTime),
    recurring: all.flatMap((one) => one.recurring),
    metered: all.flatMap((one) => one.metered),
    minimums: all.flatMap((one) => one.minimums),
  };
  return { facts, asOf, expected: merged, questions: merged.metered.map((item) => item.question) };
}

/**
 * Second half: the invoice for what should have been charged less what was billed; `undefined` when that is nothing. `billedAt` is when it is
 * made, which is later than `asOf` where a run catches up: grants pay only before their expiry.
 */
export function conclude(
  { facts, asOf, expected: due }: PreparedBill,
  answers: readonly UsageAnswer[],
  billedAt: Instant = asOf,
): Draft | undefined {
  const metered = due.metered.map((item, i) => {
    const answer = answers[i];
    if (!answer) throw new RangeError(`question ${String(i)} of ${String(due.metered.length)} was not answered`);
    return { ...item, answer };
  });
  const billed = [...facts.subscriptions.flatMap((history) => openingLines(history, facts.versions)), ...facts.billed];
  const zones = new Map(facts.subscriptions.map((history) => [history.id, startOf(history).timeZone]));
  const charges = owed({
    currency: facts.currency,
    asOf,
    expected: { ...due, metered },
    billed,
    slotSeqs: facts.slotSeqs,
    ruleOf: (line) => ({
      basis: facts.versions.get(versionKey(line.plan, line.planVersion))?.prorationBasis ?? 'second',
      timeZone: zones.get(line.subscription) ?? 'UTC',
    }),
  });
  return draft({
    ...facts,
    billed,
    billedAt,
    charges,
    redeemed: new Map(
      facts.subscriptions.flatMap((history) => {
        const { coupon } = startOf(history);
        return coupon === null ? [] : [[history.id, coupon] as const];
      }),
    ),
    createdAt: new Map(facts.subscriptions.map((history) => [history.id, history.createdAt])),
  });
}

/** The same facts once the draft was billed; its lines get the ids. */
export function afterBilling(facts: AccountFacts, bill: Draft, ids: readonly string[]): AccountFacts {
  const lines = bill.lines.map((line, i): BilledLine => ({ ...line, id: ids[i] ?? '', creditNotedMinor: 0n }));
  return {
    ...facts,
    billed: [...facts.billed, ...lines],
    slotSeqs: new Map([...facts.slotSeqs, ...lines.map((line) => [line.slot, line.slotSeq] as const)]),
    balanceMinor: facts.balanceMinor + bill.creditedMinor - balanceAppliedOf(bill),
    grants: afterBurnDown(facts.grants, bill.grantsApplied),
  };
}

/** The first instant after `after` at which something falls due for the account; `undefined` when nothing ever will. */
export function nextDueOf(facts: AccountFacts, after: Instant): Instant | undefined {
  return eachSubscription(facts)
    .map(({ frozen, ...held }) => nextDue(held, after, frozen))
    .reduce((least, at) => (least === undefined || (at !== undefined && at < least) ? at : least), undefined);
}

/** What each subscription holds, and the periods of it that were billed. */
export function eachSubscription(facts: AccountFacts): (Held & { readonly frozen: FrozenPeriods })[] {
  return facts.subscriptions.map((history) => {
    const billed = facts.billed.filter((line) => line.subscription === history.id);
    const frozen = new Map<string, Stretch>(billed.map((line) => [line.period.key, line.period]));
    return { held: holdings(history, facts.versions), oneTime: oneTimePrices(history, facts.versions), frozen };
  });
}
