import { lineTax } from '../../domain/billing/line-taxes.js';
import type { LineTax } from '../../domain/billing/line.js';
import type { Coupon, Interval, Meter, MeteredPrice, PlanVersion, RecurringPrice, TaxCategory, TaxRate } from '../../domain/catalog.js';
import { couponProblems, meterProblems, planProblems, taxRateProblems } from '../../domain/catalog-rules.js';
import { isCurrency } from '../../domain/currency.js';
import { isDecimal } from '../../domain/decimal.js';
import { type Instant, tryInstant } from '../../domain/instant.js';
import { isTimeZone, type Schedule } from '../../domain/period.js';
import { meterPriceProblems } from '../../domain/price-rules.js';
import type { Story } from '../../domain/simulation.js';
import { meterContentOf } from '../../meters/meters.service.js';
import { PutMeterDto } from '../../meters/meters.dto.js';
import { PutCouponDto } from '../../plans/coupons.dto.js';
import { couponContentOf } from '../../plans/coupons.service.js';
import { IntervalDto } from '../../plans/prices.dto.js';
import { PutPlanDto } from '../../plans/plans.dto.js';
import { planContentOf } from '../../plans/put-plan.js';
import { taxRatesOfPlan } from '../../plans/tax-rates-named.js';
import { body, Problems } from './bodies.js';
import { keyOf, readPlan } from './plans.js';
import { isRecord, type Records, recordsOf } from './records.js';
import { readSteps } from './steps.js';

export interface RateQuestion {
  readonly as: string;
  readonly price: RecurringPrice | MeteredPrice;
  readonly quantity: string;
  readonly events: number;
  readonly currency: string;
}

export interface PeriodsQuestion {
  readonly as: string;
  readonly schedule: Schedule;
  readonly count: number;
}

export interface AggregateQuestion {
  readonly as: string;
  readonly meter: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** A simulation file, checked. */
export interface SimulationFile {
  readonly story: Story;
  readonly rate: readonly RateQuestion[];
  readonly periods: readonly PeriodsQuestion[];
  readonly aggregate: readonly AggregateQuestion[];
  /** What a case expects of the answers; absent where the file is none. */
  readonly expect?: unknown;
}

const KEYS = [
  'description',
  'account',
  'meters',
  'plans',
  'coupons',
  'taxRates',
  'steps',
  'until',
  'rate',
  'periods',
  'aggregate',
  'expect',
];
const PERIODS_MAX = 10_000;
const ACCOUNT = { currency: 'USD', timeZone: 'UTC' };

/** Checks a parsed file: all of it, or every error and where it is. */
export function readFile(
  json: unknown,
): SimulationFile | readonly { readonly pointer: string; readonly code: string; readonly detail: string }[] {
  const problems = new Problems();
  if (!isRecord(json)) return [{ pointer: '', code: 'not_an_object', detail: 'The file must hold one JSON object.' }];
  for (const key of Object.keys(json))
    if (!KEYS.includes(key))
      problems.say(`/${key}`, 'unknown_field', `There is no "${key}" in a simulation file. There are: ${KEYS.join(', ')}.`);
  const account = readAccount(json['account'] ?? {}, problems);
  const meters = readMeters(json, problems);
  const plans = readPlans(json, problems);
  refuseUnknownMeters(plans, meters, problems);
  const taxRates = recordsOf(json, 'taxRates', problems).map(({ record, pointer }) => readTax(record, pointer, problems));
  refuseUnknownTaxRates(plans, taxRates, problems);
  const file: SimulationFile = {
    story: {
      account,
      meters,
      plans,
      coupons: readCoupons(json, problems),
      taxRates,
      steps: readSteps(recordsOf(json, 'steps', problems), problems),
      until:
        instantAt(
          json['until'],
          '/until',
          problems,
          json['steps'] !== undefined && Array.isArray(json['steps']) && needsUntil(json['steps']),
        ) ?? LAST,
    },
    rate: readRate(json, account.currency, problems),
    periods: readPeriods(json, problems),
    aggregate: readAggregate(json, meters, problems),
    ...(json['expect'] === undefined ? {} : { expect: json['expect'] }),
  };
  return problems.all.length > 0 ? problems.all : file;
}

const LAST = tryInstant('2199-12-31T00:00:00Z') ?? 0n;

/** Usage alone bills nothing, so it may go on for ever. */
const needsUntil = (steps: readonly unknown[]): boolean => steps.some((step) => isRecord(step) && step['do'] !== 'usage');

function instantAt(value: unknown, pointer: string, problems: Problems, required: boolean): Instant | undefined {
  const instant = typeof value === 'string' ? tryInstant(value) : undefined;
  if (instant === undefined && (required || value !== undefined))
    problems.say(pointer, 'invalid_instant', 'Must be an RFC 3339 instant with offset, such as 2026-01-31T05:00:00Z.');
  return instant;
}

function readAccount(value: unknown, problems: Problems): Story['account'] {
  const given = isRecord(value) ? value : {};
  const currency = typeof given['currency'] === 'string' ? given['currency'] : ACCOUNT.currency;
  const timeZone = typeof given['timeZone'] === 'string' ? given['timeZone'] : ACCOUNT.timeZone;
  if (!isCurrency(currency)) problems.say('/account/currency', 'unknown_currency', 'Must be an active ISO 4217 code, such as USD.');
  if (!isTimeZone(timeZone)) problems.say('/account/timeZone', 'unknown_time_zone', 'Must be an IANA time zone, such as Europe/Berlin.');
  for (const name of Object.keys(given))
    if (!['currency', 'timeZone', 'taxes'].includes(name))
      problems.say(`/account/${name}`, 'unknown_field', 'An account here has currency, timeZone and taxes.');
  const taxes = recordsOf(given, 'taxes', problems, '/account').map(({ record, pointer }) => readTax(record, pointer, problems));
  return { currency, timeZone, taxes };
}

function readTax(given: Readonly<Record<string, unknown>>, pointer: string, problems: Problems): LineTax {
  const key = typeof given['key'] === 'string' ? given['key'] : '';
  const rate = typeof given['rate'] === 'string' ? given['rate'] : '';
  const { exemptionReason } = given;
  const tax: TaxRate = {
    key,
    name: typeof given['name'] === 'string' ? given['name'] : key,
    rate,
    category: (typeof given['category'] === 'string' ? given['category'] : 'S') as TaxCategory,
    inclusive: given['inclusive'] === true,
    ...(typeof exemptionReason === 'string' ? { exemptionReason } : {}),
  };
  problems.add(pointer, taxRateProblems(tax));
  return lineTax(tax);
}

function readMeters(json: Records, problems: Problems): Meter[] {
  return recordsOf(json, 'meters', problems).flatMap(({ record, pointer }) => {
    const key = keyOf(record, pointer, problems);
    const dto = body(PutMeterDto, record, pointer, problems);
    if (!dto) return [];
    const { name, definition } = meterContentOf(dto);
    const meter: Meter = { key, name, ...definition };
    problems.add(pointer, meterProblems(meter));
    return [meter];
  });
}

const readPlans = (json: Records, problems: Problems): PlanVersion[] =>
  recordsOf(json, 'plans', problems).flatMap(({ record, pointer }) => readPlan(record, pointer, problems) ?? []);

function refuseUnknownMeters(plans: readonly PlanVersion[], meters: readonly Meter[], problems: Problems): void {
  plans.forEach((plan, i) => {
    plan.prices.forEach((price, j) => {
      const pointer = `/plans/${String(i)}/prices/${String(j)}`;
      const meter = price.kind === 'metered' ? meters.find(({ key }) => key === price.meter) : undefined;
      if (meter) problems.add('', meterPriceProblems(price, pointer, meter));
      else if (price.kind === 'metered') problems.say(`${pointer}/meter`, 'unknown_meter', `The file has no meter "${price.meter}".`);
    });
  });
}

function refuseUnknownTaxRates(plans: readonly PlanVersion[], taxRates: readonly LineTax[], problems: Problems): void {
  for (const [i, plan] of plans.entries())
    for (const { key, pointer } of taxRatesOfPlan(plan))
      if (!taxRates.some((rate) => rate.key === key))
        problems.say(`/plans/${String(i)}${pointer}`, 'unknown_tax_rate', `The file has no tax rate "${key}" in taxRates.`);
}

function readCoupons(json: Records, problems: Problems): Coupon[] {
  return recordsOf(json, 'coupons', problems).flatMap(({ record, pointer }) => {
    const key = keyOf(record, pointer, problems);
    const dto = body(PutCouponDto, record, pointer, problems);
    if (!dto) return [];
    const coupon: Coupon = { key, ...couponContentOf(key, dto).definition };
    problems.add(pointer, couponProblems(coupon));
    return [coupon];
  });
}

/** A price is checked as part of a plan of its own, so that the rules are the plan's. */
function readRate(json: Records, accountCurrency: string, problems: Problems): RateQuestion[] {
  return recordsOf(json, 'rate', problems).flatMap(({ record, pointer }) => {
    const { quantity, events = 0, currency = accountCurrency, price } = record;
    if (typeof quantity !== 'string' || !isDecimal(quantity))
      problems.say(`${pointer}/quantity`, 'invalid_decimal', 'Must be a decimal string, such as "12.5".');
    if (typeof currency !== 'string' || !isCurrency(currency))
      problems.say(`${pointer}/currency`, 'unknown_currency', 'Must be an active ISO 4217 code, such as USD.');
    if (!Number.isSafeInteger(events) || Number(events) < 0)
      problems.say(`${pointer}/events`, 'not_an_integer', 'Must be a whole number from 0.');
    const inner = new Problems();
    const dto = body(
      PutPlanDto,
      { name: 'rate', product: 'rate', currency, interval: { unit: 'month', count: 1 }, prices: [price] },
      '',
      inner,
    );
    const plan = dto === undefined ? undefined : { plan: 'rate', version: 1, ...planContentOf(dto) };
    if (plan !== undefined) inner.add('', planProblems(plan));
    problems.add(
      pointer,
      inner.all.map((problem) => ({ ...problem, pointer: problem.pointer.replace('/prices/0', '/price') })),
    );
    const checked = plan?.prices[0];
    if (checked?.kind === 'one_time') problems.say(`${pointer}/price/kind`, 'not_allowed', 'Ask for a recurring or a metered price.');
    if (checked === undefined || checked.kind === 'one_time' || typeof quantity !== 'string' || typeof currency !== 'string') return [];
    return [{ as: nameOf(record, pointer, problems), price: checked, quantity, events: Number(events), currency }];
  });
}

function readPeriods(json: Records, problems: Problems): PeriodsQuestion[] {
  return recordsOf(json, 'periods', problems).flatMap(({ record, pointer }) => {
    const { anchorAt, timeZone = 'UTC', interval, count } = record;
    const anchor = instantAt(anchorAt, `${pointer}/anchorAt`, problems, true);
    if (typeof timeZone !== 'string' || !isTimeZone(timeZone))
      problems.say(`${pointer}/timeZone`, 'unknown_time_zone', 'Must be an IANA time zone, such as Europe/Berlin.');
    const checked: Interval | undefined = body(IntervalDto, interval, `${pointer}/interval`, problems);
    if (!Number.isSafeInteger(count) || Number(count) < 1 || Number(count) > PERIODS_MAX)
      problems.say(`${pointer}/count`, 'not_an_integer', `Must be a whole number from 1 to ${String(PERIODS_MAX)}.`);
    if (anchor === undefined || checked === undefined || typeof timeZone !== 'string') return [];
    return [{ as: nameOf(record, pointer, problems), schedule: { anchorAt: anchor, timeZone, interval: checked }, count: Number(count) }];
  });
}

function readAggregate(json: Records, meters: readonly Meter[], problems: Problems): AggregateQuestion[] {
  return recordsOf(json, 'aggregate', problems).flatMap(({ record, pointer }) => {
    const from = instantAt(record['from'], `${pointer}/from`, problems, true);
    const to = instantAt(record['to'], `${pointer}/to`, problems, true);
    const meter = record['meter'];
    if (!meters.some(({ key }) => key === meter)) problems.say(`${pointer}/meter`, 'unknown_meter', 'The file has no such meter.');
    if (from === undefined || to === undefined || typeof meter !== 'string') return [];
    return [{ as: nameOf(record, pointer, problems), meter, from, to }];
  });
}

function nameOf(record: Readonly<Record<string, unknown>>, pointer: string, problems: Problems): string {
  const name = record['as'];
  if (typeof name === 'string' && name !== '') return name;
  problems.say(`${pointer}/as`, 'missing', 'Must be a name, by which the answer is found.');
  return '';
}
