import type { PlanVersion } from '../catalog.js';
import { type Instant, latest, type Stretch } from '../instant.js';
import type { UsageAnswer, UsageQuestion } from '../metering/question.js';
import { periodContaining, sameInterval } from '../period.js';
import { Refusal } from '../refusal.js';
import { refuseHeldTwice } from '../subscription/commands/meter-clash.js';
import { refuseOtherCurrency } from '../subscription/commands/plan-fit.js';
import type { SubscriptionHistory } from '../subscription/facts.js';
import { type Holding, holdings, versionKey } from '../subscription/history.js';
import { type AccountFacts, conclude, prepare, type PreparedBill } from './bill.js';
import { addedUp } from './draft.js';

/** What is compared with what. */
export interface ReRating {
  /** The plan whose holders are re-rated: the versions of it that they held in the range get the content of `draft`. */
  readonly holders: string;
  readonly draft: Omit<PlanVersion, 'plan' | 'version'>;
  /** Billing periods that begin in it are compared, once they are over. */
  readonly range: Stretch;
  /** The instant by which a period must be over. */
  readonly now: Instant;
}

/** One account's bills up to the point where usage must be known: under the versions it holds, and under the draft. */
export interface PreparedReRating {
  readonly current: PreparedBill;
  readonly draft: PreparedBill;
  readonly reRating: ReRating;
}

/** What an account's periods come to, after discounts, with tax. In minor units. */
export interface ComparedAmounts {
  readonly currentMinor: bigint;
  readonly draftMinor: bigint;
  /** The tax in each. */
  readonly currentTaxMinor: bigint;
  readonly draftTaxMinor: bigint;
}

/**
 * First half: both bills of the subscriptions that held the plan in periods of the range, as if nothing of them had ever been billed. `undefined` where
 * none did.
 * @throws Refusal `currency_mismatch`, `other_interval`, `meter_already_priced`: why the account cannot be re-rated
 */
export function prepareReRating(facts: AccountFacts, reRating: ReRating): PreparedReRating | undefined {
  const { holders, draft, range, now } = reRating;
  const held = facts.subscriptions.map((history) => ({ history, stretches: heldIn(history, facts, reRating) }));
  const concerned = held.filter(({ stretches }) => stretches.length > 0);
  if (concerned.length === 0) return undefined;
  const replaced = new Map<string, PlanVersion>();
  for (const { plan } of concerned.flatMap(({ stretches }) => stretches))
    replaced.set(versionKey(plan.plan, plan.version), { ...draft, plan: plan.plan, version: plan.version });
  for (const [key, version] of replaced) refuseOther(version, facts.versions.get(key), facts.currency);
  const versions = new Map([...facts.versions, ...replaced]);
  refuseNewClash(facts, { ...facts, versions }, range.start, holders);
  const clean = { ...facts, ...NEVER_BILLED, subscriptions: concerned.map(({ history }) => history) };
  return { current: prepare(clean, now), draft: prepare({ ...clean, versions }, now), reRating };
}

/** Which usage must be known: of the periods that are compared, under the versions held, then under the draft. */
export const questionsOf = ({ current, draft, reRating }: PreparedReRating): UsageQuestion[] =>
  [current, draft].flatMap(({ expected, questions }) =>
    questions.filter((_question, i) => isCompared(expected.metered[i]?.period, reRating)),
  );

/** Second half. The answers are in the order of `questionsOf`. */
export function concludeReRating({ current, draft, reRating }: PreparedReRating, answers: readonly UsageAnswer[]): ComparedAmounts {
  const left = [...answers];
  const amounts = [current, draft].map((prepared) => {
    const own = prepared.expected.metered.map(({ period }) => (isCompared(period, reRating) ? left.shift() : NOT_ASKED));
    const known = own.map((answer) => {
      if (answer === undefined) throw new RangeError('a question about usage was not answered');
      return answer;
    });
    return addedUp((conclude(prepared, known)?.lines ?? []).filter(({ period }) => isCompared(period, reRating)));
  });
  const [was, would] = amounts;
  return {
    currentMinor: was?.totalMinor ?? 0n,
    draftMinor: would?.totalMinor ?? 0n,
    currentTaxMinor: was?.taxMinor ?? 0n,
    draftTaxMinor: would?.taxMinor ?? 0n,
  };
}

const NOT_ASKED: UsageAnswer = [];

/** Both bills start from nothing: what was billed, credited and paid is left out of the comparison. */
const NEVER_BILLED = { billed: [], slotSeqs: new Map<string, number>(), balanceMinor: 0n, grants: [] } as const;

const isCompared = (period: Stretch | undefined, { range, now }: ReRating): boolean =>
  period !== undefined && period.start >= range.start && period.start < range.end && period.end <= now;

function heldIn(history: SubscriptionHistory, { versions }: AccountFacts, { holders, range }: ReRating): Holding[] {
  return holdings(history, versions).filter((holding) => holding.plan.plan === holders && isHeldIn(holding, range));
}

/** Whether it began in the range, or was held in a billing period that did. */
function isHeldIn({ from, to, schedule }: Holding, { start, end }: Stretch): boolean {
  if (from >= start && from < end) return true;
  const period = periodContaining(schedule, latest(from, start));
  const begins = period.start >= start ? period.start : period.end;
  return begins < end && (to === null || begins < to);
}

/** @throws Refusal `currency_mismatch`, `other_interval` */
function refuseOther(draft: PlanVersion, held: PlanVersion | undefined, currency: string): void {
  refuseOtherCurrency(draft, currency, 'account');
  if (held && !sameInterval(held.interval, draft.interval))
    throw new Refusal(
      'conflict',
      'other_interval',
      `Version ${String(held.version)} of "${held.plan}" is billed every ${intervalText(held)}, the draft every ${intervalText(draft)}: their periods cannot be compared.`,
    );
}

const intervalText = ({ interval: { unit, count } }: PlanVersion): string => (count === 1 ? unit : `${String(count)} ${unit}s`);

/** A meter that another subscription charges cannot be charged by the draft, too: nobody could be moved to it. @throws Refusal `meter_already_priced` */
function refuseNewClash(facts: AccountFacts, supposed: AccountFacts, from: Instant, holders: string): void {
  const clash = clashOf(supposed, from, holders);
  if (clash && !clashOf(facts, from, holders)) throw clash;
}

function clashOf({ subscriptions, versions }: AccountFacts, from: Instant, holders: string): Refusal | undefined {
  const held: Holding[] = [];
  const holdsIt = (stretches: readonly Holding[]): boolean => stretches.some(({ plan }) => plan.plan === holders);
  const all = subscriptions.map((history) => holdings(history, versions));
  try {
    for (const stretches of [...all.filter((one) => !holdsIt(one)), ...all.filter(holdsIt)]) {
      refuseHeldTwice(holdsIt(stretches) ? stretches : [], from, held);
      held.push(...stretches);
    }
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return undefined;
}
