import { openingLines } from '../billing/opening.js';
import type { BilledLine } from '../billing/line.js';
import { billedOn } from '../billing/slot.js';
import type { Coupon, Price } from '../catalog.js';
import { ratio } from '../decimal.js';
import type { Instant } from '../instant.js';
import type { UsageAnswer, UsageQuestion } from '../metering/question.js';
import type { ProrationRule } from '../proration.js';
import { holdings, versionKey } from '../subscription/history.js';
import { startOf } from '../subscription/lifecycle.js';
import { redemptionsOf } from '../subscription/redemptions.js';
import { creditSteps, differenceSteps, reversalSteps } from './adjusting-steps.js';
import { manualSteps, minimumSteps, oneTimeSteps, recurringSteps } from './charge-steps.js';
import { explainDiscounts, type ExplainedDiscount, type InvoicedDiscounts } from './discount-steps.js';
import { type Charged, chargedBy, type KnownThen, type SubscriptionLine } from './expected-then.js';
import { sharedOut, type SharedOut } from './shared-out.js';
import { type ExplanationWarning, moneyText, type Reckoned } from './step.js';
import { ownUsage, usageSteps } from './usage-steps.js';

/** What a line rests on, by what counted when it was billed. */
export interface LineGrounds extends Omit<KnownThen, 'frozen'> {
  readonly currency: string;
  readonly line: SubscriptionLine;
  /**
   * All lines of its subscription that were billed by then, its own invoice's last, in the order of billing: without those that were void then, and with
   * what credit notes had taken off them.
   */
  readonly lines: readonly BilledLine[];
  /** The lines of its subscription on its invoice, in their order. */
  readonly invoiced: readonly BilledLine[];
  readonly coupons: ReadonlyMap<string, Coupon>;
}

/** An explanation up to the point where usage must be known. */
export interface PreparedExplanation {
  readonly grounds: LineGrounds;
  readonly charged: Charged | undefined;
  /** What is to be asked; nothing for a line that charges no usage. */
  readonly question: UsageQuestion | undefined;
}

export interface LineExplanation extends Reckoned {
  /** The price as the subscription had it; `undefined` for a plan's commitment. */
  readonly price: Price | undefined;
  /** Where the line is for a part of a period. */
  readonly proration: SharedOut | undefined;
  /** The line that this one adjusts: billed, or paid in another system. */
  readonly origin: BilledLine | undefined;
  readonly discounts: readonly ExplainedDiscount[];
  /** Whether the steps come to exactly what was billed. */
  readonly reproduces: boolean;
  readonly warnings: readonly ExplanationWarning[];
}

/** First half: what the line was to charge, and which usage must be known for it. */
export function prepareExplanation(grounds: LineGrounds): PreparedExplanation {
  const frozen = new Map([...grounds.lines, grounds.line].map(({ period }) => [period.key, period] as const));
  const charged = chargedBy(grounds.line, { ...grounds, frozen });
  return { grounds, charged, question: charged?.kind === 'metered' ? charged.item.question : undefined };
}

/**
 * Second half: the arithmetic of a line, step by step, by the code that billed it. `usage` answers the question; `undefined` where there is none,
 * or where it cannot be answered any more.
 */
export function explainLine({ grounds, charged }: PreparedExplanation, usage: UsageAnswer | undefined): LineExplanation {
  const { line, currency } = grounds;
  const origin = originOf(grounds);
  const { warnings = [], ...reckoned } = reckon(grounds, { charged, origin, usage });
  const explained = explainDiscounts(line, discountInput(grounds));
  const comesTo = reckoned.amountMinor === line.amountMinor;
  return {
    ...reckoned,
    price: priceOf(grounds, charged),
    proration: prorationOf(grounds, charged, origin),
    origin,
    discounts: explained,
    reproduces: comesTo && explained.every(({ reproduces }) => reproduces),
    warnings: [...warnings, ...(comesTo ? [] : [notReproduced(line, reckoned.amountMinor, currency)])],
  };
}

/** The arithmetic of a line that was added by hand: no coupon reduces it, and nothing else is behind it. */
export function explainManual(line: BilledLine, currency: string): LineExplanation {
  const reckoned = manualSteps(line, currency);
  const comesTo = reckoned.amountMinor === line.amountMinor;
  const warnings = comesTo ? [] : [notReproduced(line, reckoned.amountMinor, currency)];
  return { ...reckoned, price: undefined, proration: undefined, origin: undefined, discounts: [], reproduces: comesTo, warnings };
}

/** The subscription's own price where that was charged; else the plan's. */
function priceOf({ line, versions }: LineGrounds, charged: Charged | undefined): Price | undefined {
  if (charged) return charged.kind === 'minimum' ? undefined : charged.item.price;
  return versions.get(versionKey(line.plan, line.planVersion))?.prices.find(({ key }) => key === line.price);
}

interface Found {
  readonly charged: Charged | undefined;
  readonly origin: BilledLine | undefined;
  readonly usage: UsageAnswer | undefined;
}

type Warned = Reckoned & { readonly warnings?: readonly ExplanationWarning[] };

function reckon(grounds: LineGrounds, { charged, origin, usage }: Found): Warned {
  const { line, lines, currency } = grounds;
  const before = lines.filter(({ slot, slotSeq }) => slot === line.slot && slotSeq < line.slotSeq);
  if (line.kind === 'recurring' && origin) return creditSteps(line, { origin, before, rule: ruleOf(grounds), currency });
  if (line.kind === 'one_time' && origin) return reversalSteps([origin], currency);
  switch (charged?.kind) {
    case 'one_time':
      return oneTimeSteps(charged.item, currency);
    case 'recurring':
      return recurringSteps(line, charged.item, currency);
    case 'minimum':
      return differenceSteps(minimumSteps(charged.item, lines.filter(isUsage), currency), before, currency);
    case 'metered': {
      const known = usage && ownUsage(line, usage);
      const all = usageSteps(line, charged.item, { known, billedMinor: billedOn(before) + line.amountMinor, currency });
      return { ...differenceSteps(all, before, currency), warnings: all.warnings };
    }
    case undefined:
      return reversalSteps(before, currency);
  }
}

const isUsage = ({ kind, price }: BilledLine): boolean => kind === 'metered' || (kind === 'adjustment' && price !== null);

function originOf({ line, lines, history, versions }: LineGrounds): BilledLine | undefined {
  if (line.adjusts === null) return undefined;
  return [...lines, ...openingLines(history, versions)].find(({ id }) => id === line.adjusts);
}

const ruleOf = ({ line, history, versions }: LineGrounds): ProrationRule => ({
  basis: versions.get(versionKey(line.plan, line.planVersion))?.prorationBasis ?? 'second',
  timeZone: startOf(history).timeZone,
});

function prorationOf(grounds: LineGrounds, charged: Charged | undefined, origin: BilledLine | undefined): SharedOut | undefined {
  const { line } = grounds;
  const rule = ruleOf(grounds);
  if (line.kind === 'recurring' && origin) return sharedOut(line.servicePeriod, origin.servicePeriod, rule);
  if (charged?.kind === 'recurring' && line.proration) return sharedOut(line.servicePeriod, charged.item.period, rule);
  if (charged?.kind === 'minimum' && charged.item.proration) return sharedOut(line.servicePeriod, charged.item.period, rule);
  if (charged?.kind === 'metered' && !charged.item.share.equals(ratio(1n, 1n)))
    return sharedOut(charged.item.stretch, charged.item.meteredPeriod, rule);
  return undefined;
}

function discountInput({ line, lines, invoiced, history, versions, coupons, currency, issuedAt }: LineGrounds): InvoicedDiscounts {
  const own = new Set(invoiced.map(({ id }) => id));
  return {
    currency,
    charges: invoiced,
    billed: lines.filter(({ id }) => !own.has(id)),
    coupons,
    redeemed: new Map([[line.subscription, redemptionsOf(knownBy(history, issuedAt), holdings(history, versions))]]),
  };
}

const knownBy = (history: KnownThen['history'], at: Instant): KnownThen['history'] => ({
  ...history,
  facts: history.facts.filter(({ recordedAt, kind }) => recordedAt <= at || kind === 'started'),
});

function notReproduced(line: BilledLine, amountMinor: bigint, currency: string): ExplanationWarning {
  const [billed, now] = [moneyText(line.amountMinor, currency), moneyText(amountMinor, currency)];
  const detail = `By what is known today these steps come to ${now}, and ${billed} was billed: what it was billed by has changed since.`;
  return { code: 'not_reproduced', detail };
}
