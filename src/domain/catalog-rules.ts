import type { Coupon, Meter, PlanVersion, TaxRate } from './catalog.js';
import { bearsRemark } from './billing/line-taxes.js';
import { isCurrency, isMoney } from './currency.js';
import { exact, isDecimal } from './decimal.js';
import { INTERVAL_COUNT_MAX, isWhole, moneyProblems, priceProblems, problem } from './price-rules.js';
import type { FieldProblem } from './refusal.js';

/** What catalog bodies must fulfil beyond their form. Every function names all that is wrong, with pointers into the body. */

const KEY = /^[a-z0-9][a-z0-9._:-]{0,99}$/;
const TRIAL_DAYS_MAX = 3660;
const PRICES_MAX = 100;
const GROUPS_MAX = 10;
const PERIODS_MAX = 1200;
const STALE_COUNT_MAX = 10_000;
const RATE_DECIMALS = 12;
const HUNDRED = exact('100');
const ONE = exact('1');

function keyProblems(key: string, pointer: string): FieldProblem[] {
  return KEY.test(key)
    ? []
    : [problem(pointer, 'invalid_key', 'Must be a key: 1 to 100 of a-z, 0-9 and ._:- , beginning with a letter or digit.')];
}

/** What is wrong with a plan version: its key, currency, interval, trial and prices. That its meters exist is checked elsewhere. */
export function planProblems(plan: PlanVersion): FieldProblem[] {
  const { unit, count } = plan.interval;
  const problems = [...keyProblems(plan.plan, '/key'), ...moneyProblems(plan.minimumCommitment, '/minimumCommitment', plan.currency)];
  if (!isCurrency(plan.currency)) problems.push(problem('/currency', 'unknown_currency', 'Must be an active ISO 4217 code, such as USD.'));
  if (!isWhole(count, 1, INTERVAL_COUNT_MAX[unit]))
    problems.push(
      problem(
        '/interval/count',
        'out_of_bounds',
        `Must be a whole number from 1 to ${String(INTERVAL_COUNT_MAX[unit])} for the unit "${unit}".`,
      ),
    );
  if (!isWhole(plan.trialDays, 0, TRIAL_DAYS_MAX))
    problems.push(problem('/trialDays', 'out_of_bounds', `Must be a whole number from 0 to ${String(TRIAL_DAYS_MAX)}.`));
  if (plan.prices.length > PRICES_MAX) problems.push(problem('/prices', 'too_many', `Must be at most ${String(PRICES_MAX)} prices.`));
  const seen = new Set<string>();
  plan.prices.forEach((price, i) => {
    const pointer = `/prices/${String(i)}`;
    problems.push(...keyProblems(price.key, `${pointer}/key`), ...priceProblems(price, pointer, plan));
    if (seen.has(price.key)) problems.push(problem(`${pointer}/key`, 'not_unique', `There is a price "${price.key}" already.`));
    seen.add(price.key);
  });
  return problems;
}

/** What is wrong with a meter: which fields its aggregation needs, and which it does not have. */
export function meterProblems(meter: Meter): FieldProblem[] {
  const { aggregation, value, resource, mode, unit, percentile, groupBy = [] } = meter;
  const problems = keyProblems(meter.key, '/key');
  const level = aggregation === 'time_weighted';
  if (aggregation === 'count' && value !== undefined)
    problems.push(problem('/value', 'unknown_field', 'A count counts events: leave the value out.'));
  if (aggregation !== 'count' && value === undefined)
    problems.push(problem('/value', 'missing', `The aggregation "${aggregation}" needs the property that it aggregates.`));
  for (const [name, given] of Object.entries({ resource, mode, unit }))
    if (!level && given !== undefined)
      problems.push(problem(`/${name}`, 'unknown_field', `Only the aggregation "time_weighted" has "${name}".`));
  for (const [name, given] of Object.entries({ mode, unit }))
    if (level && given === undefined) problems.push(problem(`/${name}`, 'missing', `The aggregation "time_weighted" needs "${name}".`));
  if (aggregation === 'percentile' && !(percentile !== undefined && percentile > 0 && percentile <= 100))
    problems.push(problem('/percentile', 'out_of_bounds', 'Must be a number above 0 and not above 100, such as 95.'));
  if (aggregation !== 'percentile' && percentile !== undefined)
    problems.push(problem('/percentile', 'unknown_field', 'Only the aggregation "percentile" has "percentile".'));
  problems.push(...levelRuleProblems(meter));
  if (groupBy.length > GROUPS_MAX || new Set(groupBy).size < groupBy.length)
    problems.push(problem('/groupBy', 'not_unique', `Must be at most ${String(GROUPS_MAX)} different properties.`));
  return problems;
}

/** What ends a level by itself, and what rounds its runs, is for levels alone: a change that is added up has no run. */
function levelRuleProblems({ aggregation, mode, resource, staleAfter, snapshotType, roundRunsUpTo }: Meter): FieldProblem[] {
  const levels = aggregation === 'time_weighted' && mode === 'level';
  const problems = Object.entries({ staleAfter, snapshotType, roundRunsUpTo }).flatMap(([name, given]) =>
    levels || given === undefined
      ? []
      : [problem(`/${name}`, 'unknown_field', `Only the aggregation "time_weighted" in mode "level" has "${name}".`)],
  );
  if (staleAfter !== undefined && !isWhole(staleAfter.count, 1, STALE_COUNT_MAX))
    problems.push(problem('/staleAfter/count', 'out_of_bounds', `Must be a whole number from 1 to ${String(STALE_COUNT_MAX)}.`));
  if (snapshotType !== undefined && resource === undefined)
    problems.push(problem('/resource', 'missing', 'A snapshot lists resources: name the property that tells them apart.'));
  return problems;
}

/** What is wrong with a coupon: its percentage or amount, and for how many periods it holds. */
export function couponProblems(coupon: Coupon): FieldProblem[] {
  const { percentOff, amountOff, currency, duration, periods } = coupon;
  const problems = keyProblems(coupon.key, '/key');
  if ((percentOff === undefined) === (amountOff === undefined))
    problems.push(problem('/percentOff', 'percent_or_amount', 'Give either percentOff or amountOff.'));
  if (
    percentOff !== undefined &&
    !(isDecimal(percentOff, { decimals: RATE_DECIMALS }) && exact(percentOff).gt(0n) && exact(percentOff).lte(HUNDRED))
  )
    problems.push(problem('/percentOff', 'out_of_bounds', 'Must be a percentage above 0 and not above 100, such as "15".'));
  if (amountOff !== undefined) problems.push(...amountOffProblems(amountOff, currency));
  else if (currency !== undefined) problems.push(problem('/currency', 'unknown_field', 'Only an amount has a currency.'));
  if (duration === 'repeating' && !(periods !== undefined && isWhole(periods, 1, PERIODS_MAX)))
    problems.push(
      problem('/periods', 'out_of_bounds', `The duration "repeating" needs a whole number of periods from 1 to ${String(PERIODS_MAX)}.`),
    );
  if (duration !== 'repeating' && periods !== undefined)
    problems.push(problem('/periods', 'unknown_field', 'Only the duration "repeating" has periods.'));
  return problems;
}

function amountOffProblems(amountOff: string, currency: string | undefined): FieldProblem[] {
  if (currency === undefined || !isCurrency(currency))
    return [problem('/currency', 'unknown_currency', 'An amount needs its currency: an active ISO 4217 code, such as USD.')];
  return isMoney(amountOff, currency) && exact(amountOff).gt(0n)
    ? []
    : [problem('/amountOff', 'invalid_money', `Must be an amount in ${currency} above 0.`)];
}

/** What is wrong with a tax rate that is new: the standard rate is above zero, and neither it nor the zero rate says why no tax is charged. */
export function newTaxRateProblems({ rate, category, exemptionReason }: Omit<TaxRate, 'key'>): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (category === 'S' && exact(rate).equals(0n))
    problems.push(
      problem('/rate', 'rate_zero', 'The category "S" bears tax: what bears none is Z (zero rated), E (exempt), AE, K, G or O.'),
    );
  if (!bearsRemark(category) && exemptionReason !== undefined && exemptionReason !== null)
    problems.push(problem('/exemptionReason', 'not_allowed', `The category "${category}" is no exemption: leave the reason out.`));
  return problems;
}

/** What is wrong with a tax rate: a fraction from 0 to 1, and 0 in every category but the standard one. */
export function taxRateProblems({ key, rate, category }: Pick<TaxRate, 'key' | 'rate' | 'category'>): FieldProblem[] {
  const problems = keyProblems(key, '/key');
  if (!isDecimal(rate, { decimals: RATE_DECIMALS }) || exact(rate).lt(0n) || exact(rate).gt(ONE))
    problems.push(problem('/rate', 'out_of_bounds', 'Must be a decimal fraction from 0 to 1: "0.20" is 20 %.'));
  else if (category !== 'S' && !exact(rate).equals(0n))
    problems.push(problem('/rate', 'rate_not_zero', `The category "${category}" bears no tax: its rate is "0".`));
  return problems;
}
