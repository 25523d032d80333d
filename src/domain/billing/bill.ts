import type { Coupon, PlanVersion } from '../catalog.js';
import type { Instant, Stretch } from '../instant.js';
import type { UsageAnswer, UsageQuestion } from '../metering/question.js';
import type { SubscriptionHistory } from '../subscription/facts.js';
import { holdings, oneTimePrices, versionKey } from '../subscription/history.js';
import { startOf } from '../subscription/lifecycle.js';
import { redemptionsOf } from '../subscription/redemptions.js';
import { balanceAppliedOf, type Draft, drafted, untaxedLines, type UntaxedLine } from './draft.js';
import type { FrozenPeriods } from './billing-periods.js';
import type { Expected } from './due.js';
import { expected, type Held, nextDue, usageOpenFrom } from './expected.js';
import { afterBurnDown, type CreditGrant } from './grants.js';
import { taxesFor } from './line-taxes.js';
import type { BilledLine, Line, LineTax } from './line.js';
import { openingLines, openingsEnd } from './opening.js';
import { owed } from './owed.js';
import type { SettledParts } from './settled.js';
import { positionsTaken } from './slot.js';

/** All that a bill depends on, for one account: its history, what it holds, what was billed. */
export interface AccountFacts {
  readonly currency: string;
  readonly subscriptions: readonly SubscriptionHistory[];
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  readonly coupons: ReadonlyMap<string, Coupon>;
  /** What its charges bear where neither price nor plan says anything. */
  readonly taxes: readonly LineTax[];
  /** The rates that its plans and prices name, by key; none where it is missing. */
  readonly taxRates?: ReadonlyMap<string, LineTax>;
  /** In the order of billing; without those on void invoices, and those of pieces that are left out as settled. */
  readonly billed: readonly BilledLine[];
  /** What is left out as settled; nothing where it is missing. */
  readonly settled?: SettledParts;
  /** The highest position taken in each slot that is charged or was billed. */
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
  const all = eachSubscription(facts).map(({ frozen, settledThrough, ...held }) => expected(held, asOf, { frozen, settledThrough }));
  const merged: Expected = {
    oneTime: all.flatMap((one) => one.oneTime),
    recurring: all.flatMap((one) => one.recurring),
    metered: all.flatMap((one) => one.metered),
    minimums: all.flatMap((one) => one.minimums),
  };
  return { facts, asOf, expected: merged, questions: merged.metered.map((item) => item.question) };
}

/** A bill whose taxes are still to be asked. */
export interface UntaxedBill {
  readonly facts: AccountFacts;
  readonly billedAt: Instant;
  /** At least one. */
  readonly lines: readonly UntaxedLine[];
}

/** A new charge, and what the account's own table says of its taxes: the rates of its price, else of its plan, else of the account. */
export interface TaxQuestion {
  readonly line: UntaxedLine;
  readonly rates: readonly LineTax[];
}

/**
 * Second half: the invoice for what should have been charged less what was billed, with the taxes of the table; `undefined` when that is nothing.
 * `billedAt` is when it is made, which is later than `asOf` where a run catches up: grants pay only before their expiry. `manual` is what was
 * added to it by hand.
 */
export function conclude(
  prepared: PreparedBill,
  answers: readonly UsageAnswer[],
  billedAt: Instant = prepared.asOf,
  manual: readonly Line[] = [],
): Draft | undefined {
  const bill = untaxed(prepared, answers, billedAt, manual);
  return (
    bill &&
    taxed(
      bill,
      taxQuestions(bill).map(({ rates }) => rates),
    )
  );
}

/** The second half up to its taxes; `undefined` when nothing is owed. */
export function untaxed(
  { facts, asOf, expected: due }: PreparedBill,
  answers: readonly UsageAnswer[],
  billedAt: Instant,
  manual: readonly Line[] = [],
): UntaxedBill | undefined {
  const metered = due.metered.map((item, i) => {
    const answer = answers[i];
    if (!answer) throw new RangeError(`question ${String(i)} of ${String(due.metered.length)} was not answered`);
    return { ...item, answer };
  });
  const unsettled = facts.subscriptions.filter(({ id }) => facts.settled?.get(id) === undefined);
  const billed = [...unsettled.flatMap((history) => openingLines(history, facts.versions)), ...facts.billed];
  const zones = new Map(facts.subscriptions.map((history) => [history.id, startOf(history).timeZone]));
  const charges = owed({
    currency: facts.currency,
    asOf,
    expected: { ...due, metered },
    billed,
    slotSeqs: facts.slotSeqs,
    ruleOf: (line) => ({
      basis: facts.versions.get(versionKey(line.plan ?? '', line.planVersion ?? 0))?.prorationBasis ?? 'second',
      timeZone: zones.get(line.subscription ?? '') ?? 'UTC',
    }),
  });
  if (charges.length + manual.length === 0) return undefined;
  const lines = untaxedLines({
    ...facts,
    billed,
    charges,
    manual,
    redeemed: new Map(
      facts.subscriptions.map((history) => [history.id, redemptionsOf(history, holdings(history, facts.versions))] as const),
    ),
    createdAt: new Map(facts.subscriptions.map((history) => [history.id, history.createdAt])),
  });
  return { facts, billedAt, lines };
}

/** What is to be known of taxes: of each new charge, in the order of the lines. */
export function taxQuestions({ facts, lines }: UntaxedBill): TaxQuestion[] {
  const held = new Map(facts.subscriptions.map((history) => [history.id, holdings(history, facts.versions)]));
  return lines
    .filter(({ taxes }) => taxes === undefined)
    .map((line) => ({ line, rates: taxesFor(line, held.get(line.subscription ?? '') ?? [], facts) }));
}

/** The invoice, the questions of its taxes being answered in their order. */
export function taxed({ facts, billedAt, lines }: UntaxedBill, answers: readonly (readonly LineTax[])[]): Draft {
  const left = [...answers];
  const known = lines.map((line): Line => {
    const taxes = line.taxes ?? left.shift();
    if (!taxes) throw new RangeError('the taxes of a line were not answered');
    return { ...line, taxes };
  });
  return drafted({ ...facts, billedAt, lines: known });
}

/** The same facts once the draft was billed; its lines get the ids. */
export function afterBilling(facts: AccountFacts, bill: Draft, ids: readonly string[]): AccountFacts {
  const lines = bill.lines.map((line, i): BilledLine => ({ ...line, id: ids[i] ?? '', creditNotedMinor: 0n }));
  return {
    ...facts,
    billed: [...facts.billed, ...lines],
    slotSeqs: positionsTaken(lines, facts.slotSeqs),
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

/** The first instant whose usage a later bill may ask for, once the account is settled through that instant; `undefined` where there is none. */
export function usageNeededFrom(facts: AccountFacts, through: Instant): Instant | undefined {
  const settleable = facts.subscriptions.map((history) => isSettleable(history, facts.versions, through));
  return eachSubscription(facts)
    .map(({ frozen, ...held }, i) => usageOpenFrom(held, settleable[i] === true ? through : undefined, frozen))
    .reduce((least, at) => (least === undefined || (at !== undefined && at < least) ? at : least), undefined);
}

/** The slots that lines may go on in though all that was billed in them is left out as settled: a recurring price goes through periods. */
export const longSlotsOf = ({ expected: { recurring }, facts }: PreparedBill): string[] => [
  ...new Set([...recurring, ...facts.billed.filter(({ kind }) => kind === 'recurring')].map(({ slot }) => slot)),
];

/** Whether settled pieces of a subscription may be left out: not where it moved in, until what was paid elsewhere is used up. */
export const isSettleable = (history: SubscriptionHistory, versions: AccountFacts['versions'], through: Instant): boolean =>
  openingsEnd(history, versions) <= through;

interface Known extends Held {
  readonly frozen: FrozenPeriods;
  readonly settledThrough: Instant | undefined;
}

/** What each subscription holds, the periods of it that were billed, and up to where it is left out as settled. */
export function eachSubscription(facts: AccountFacts): Known[] {
  return facts.subscriptions.map((history) => {
    const billed = facts.billed.filter((line) => line.subscription === history.id);
    const part = facts.settled?.get(history.id);
    const frozen = new Map<string, Stretch>([...(part?.frozen ?? []), ...billed.map(({ period }) => [period.key, period] as const)]);
    const oneTime = oneTimePrices(history, facts.versions);
    return { held: holdings(history, facts.versions), oneTime, frozen, settledThrough: part?.through };
  });
}
