import type { Interval, IntervalUnit, Meter, Price, PriceModel, Tier } from './catalog.js';
import { isCurrency, isMoney } from './currency.js';
import { exact, isDecimal } from './decimal.js';
import type { FieldProblem } from './refusal.js';

const UNIT_PRICE_DECIMALS = 12;
const UNIT_PRICE_MAX = exact('1000000000');
const TIERS_MAX = 100;

/** How many of a unit an interval may have. */
export const INTERVAL_COUNT_MAX: Readonly<Record<IntervalUnit, number>> = { day: 3650, week: 520, month: 120, year: 10 };

export const problem = (pointer: string, code: string, detail: string): FieldProblem => ({ pointer, code, detail });
export const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/** Money of the plan's currency, not below zero. In an unknown currency, which is a problem of its own, any amount will do. */
export function moneyProblems(value: string | null | undefined, pointer: string, currency: string): FieldProblem[] {
  if (value === undefined || value === null) return [];
  const fits = isCurrency(currency) ? isMoney(value, currency) : isDecimal(value);
  return fits && !value.startsWith('-')
    ? []
    : [
        problem(
          pointer,
          'invalid_money',
          `Must be an amount in ${currency} from 0, with the currency's own number of decimals at the most.`,
        ),
      ];
}

/** A price of one unit, a rate or a quantity: at most 12 decimals, from 0 to a thousand million. */
function numberProblems(value: string | undefined, pointer: string, { above = false }: { readonly above?: boolean } = {}): FieldProblem[] {
  if (value === undefined) return [];
  const fits =
    isDecimal(value, { decimals: UNIT_PRICE_DECIMALS }) &&
    exact(value).lte(UNIT_PRICE_MAX) &&
    (above ? exact(value).gt(0n) : exact(value).gte(0n));
  return fits
    ? []
    : [
        problem(
          pointer,
          'out_of_bounds',
          `Must be a decimal ${above ? 'above 0' : 'from 0'}, with at most ${String(UNIT_PRICE_DECIMALS)} decimals and not above 1000000000.`,
        ),
      ];
}

type ModelName = PriceModel['model'];

/** The fields that a model needs, and those that it may have. */
const MODEL_FIELDS: Readonly<Record<ModelName, { readonly needs: readonly string[]; readonly takes?: readonly string[] }>> = {
  flat: { needs: ['amount'] },
  per_unit: { needs: ['unitPrice'] },
  graduated: { needs: ['tiers'] },
  volume: { needs: ['tiers'] },
  stairstep: { needs: ['tiers'] },
  package: { needs: ['packageSize', 'packagePrice'] },
  percentage: { needs: ['rate'], takes: ['fixedPerEvent'] },
  graduated_percentage: { needs: ['tiers'] },
};

const MODEL_FIELD_NAMES = new Set(Object.values(MODEL_FIELDS).flatMap(({ needs, takes = [] }) => [...needs, ...takes]));

const TIER_FIELDS: Readonly<Partial<Record<ModelName, readonly (keyof Tier)[]>>> = {
  graduated: ['unitPrice', 'flatPrice'],
  volume: ['unitPrice', 'flatPrice'],
  stairstep: ['flatPrice'],
  graduated_percentage: ['rate', 'flatPrice'],
};

const KIND_FIELDS: Readonly<Record<Price['kind'], readonly string[]>> = {
  one_time: ['amount'],
  recurring: ['model', 'billing', ...MODEL_FIELD_NAMES],
  metered: ['model', 'meter', 'freeUnits', 'freeConcurrent', 'minimum', 'maximum', 'groupBy', 'filter', 'interval', ...MODEL_FIELD_NAMES],
};

const COMMON_FIELDS = ['key', 'name', 'kind', 'taxRates'];

/** Models that price an amount of money, which only usage has. */
const ONLY_METERED: readonly ModelName[] = ['percentage', 'graduated_percentage'];

/** What is wrong with a price of a plan: its fields, its model's values, and how they go together. */
export function priceProblems(
  price: Price,
  pointer: string,
  plan: { readonly currency: string; readonly interval: Interval },
): FieldProblem[] {
  const has = price as unknown as Readonly<Record<string, unknown>>;
  const foreign = Object.keys(has)
    .filter((name) => has[name] !== undefined && !COMMON_FIELDS.includes(name) && !KIND_FIELDS[price.kind].includes(name))
    .map((name) => problem(`${pointer}/${name}`, 'unknown_field', `A price of kind "${price.kind}" has no "${name}".`));
  if (price.kind === 'one_time') return [...foreign, ...moneyProblems(price.amount, `${pointer}/amount`, plan.currency)];
  const model = modelProblems(price, has, pointer, plan.currency);
  return [...foreign, ...model, ...(price.kind === 'metered' ? meteredProblems(price, pointer, plan) : [])];
}

function modelProblems(
  price: Exclude<Price, { kind: 'one_time' }>,
  has: Readonly<Record<string, unknown>>,
  pointer: string,
  currency: string,
): FieldProblem[] {
  const { needs, takes = [] } = MODEL_FIELDS[price.model];
  const missing = needs
    .filter((name) => has[name] === undefined)
    .map((name) => problem(`${pointer}/${name}`, 'missing', `The model "${price.model}" needs "${name}".`));
  const foreign = [...MODEL_FIELD_NAMES]
    .filter((name) => has[name] !== undefined && ![...needs, ...takes].includes(name))
    .map((name) => problem(`${pointer}/${name}`, 'unknown_field', `The model "${price.model}" has no "${name}".`));
  const wrong =
    price.kind === 'recurring' && ONLY_METERED.includes(price.model)
      ? [
          problem(
            `${pointer}/model`,
            'not_allowed',
            `The model "${price.model}" is for metered prices: a recurring one has a quantity, not an amount.`,
          ),
        ]
      : [];
  return [...wrong, ...missing, ...foreign, ...(missing.length > 0 ? [] : valueProblems(price, pointer, currency))];
}

function valueProblems(model: PriceModel, pointer: string, currency: string): FieldProblem[] {
  switch (model.model) {
    case 'flat':
      return moneyProblems(model.amount, `${pointer}/amount`, currency);
    case 'per_unit':
      return numberProblems(model.unitPrice, `${pointer}/unitPrice`);
    case 'package':
      return [
        ...numberProblems(model.packageSize, `${pointer}/packageSize`, { above: true }),
        ...moneyProblems(model.packagePrice, `${pointer}/packagePrice`, currency),
      ];
    case 'percentage':
      return [...numberProblems(model.rate, `${pointer}/rate`), ...numberProblems(model.fixedPerEvent, `${pointer}/fixedPerEvent`)];
    default:
      return tierProblems(model, `${pointer}/tiers`, currency);
  }
}

function tierProblems(
  { model, tiers }: { readonly model: ModelName; readonly tiers: readonly Tier[] },
  pointer: string,
  currency: string,
): FieldProblem[] {
  if (tiers.length === 0 || tiers.length > TIERS_MAX)
    return [problem(pointer, 'wrong_number_of_tiers', `Must have 1 to ${String(TIERS_MAX)} tiers.`)];
  const allowed = TIER_FIELDS[model] ?? [];
  return tiers.flatMap((tier, i) => {
    const at = `${pointer}/${String(i)}`;
    const fields = (['unitPrice', 'flatPrice', 'rate'] as const).filter((name) => tier[name] !== undefined && !allowed.includes(name));
    return [
      ...boundProblems(tiers, i, at),
      ...(allowed.some((name) => tier[name] !== undefined) ? [] : [unpriced(model, allowed, at)]),
      ...fields.map((name) => problem(`${at}/${name}`, 'unknown_field', `A tier of the model "${model}" has no "${name}".`)),
      ...numberProblems(tier.unitPrice, `${at}/unitPrice`),
      ...numberProblems(tier.rate, `${at}/rate`),
      ...moneyProblems(tier.flatPrice, `${at}/flatPrice`, currency),
    ];
  });
}

/** A tier without a price would be free by oversight: a free one says "0". */
const unpriced = (model: ModelName, allowed: readonly (keyof Tier)[], at: string): FieldProblem =>
  problem(
    `${at}/${allowed[0] ?? ''}`,
    'missing',
    `A tier of the model "${model}" needs ${allowed.map((name) => `"${name}"`).join(' or ')}.`,
  );

function boundProblems(tiers: readonly Tier[], i: number, at: string): FieldProblem[] {
  const { upTo } = tiers[i] ?? { upTo: null };
  const isLast = i === tiers.length - 1;
  if (isLast) return upTo === null ? [] : [problem(`${at}/upTo`, 'last_tier_not_open', 'The last tier must be open: "upTo": null.')];
  if (upTo === null) return [problem(`${at}/upTo`, 'open_tier_not_last', 'Only the last tier is open.')];
  const before = tiers[i - 1]?.upTo ?? '0';
  if (!isDecimal(upTo, { decimals: UNIT_PRICE_DECIMALS }) || !isDecimal(before) || exact(upTo).lte(exact(before)))
    return [problem(`${at}/upTo`, 'tiers_not_ascending', 'Must be a decimal above the tier before, and above 0.')];
  return [];
}

function meteredProblems(
  price: Extract<Price, { kind: 'metered' }>,
  pointer: string,
  plan: { readonly currency: string; readonly interval: Interval },
): FieldProblem[] {
  const { freeUnits, freeConcurrent, minimum, maximum, groupBy, interval } = price;
  const problems = [
    ...numberProblems(freeUnits, `${pointer}/freeUnits`),
    ...numberProblems(freeConcurrent, `${pointer}/freeConcurrent`),
    ...moneyProblems(minimum, `${pointer}/minimum`, plan.currency),
    ...moneyProblems(maximum, `${pointer}/maximum`, plan.currency),
  ];
  if (problems.length === 0 && minimum !== undefined && maximum !== undefined && exact(minimum).gt(exact(maximum)))
    problems.push(problem(`${pointer}/minimum`, 'minimum_above_maximum', 'Must not be above the maximum.'));
  if (groupBy !== undefined && (freeUnits ?? freeConcurrent ?? minimum ?? maximum ?? ('tiers' in price ? '' : undefined)) !== undefined)
    problems.push(
      problem(
        `${pointer}/groupBy`,
        'groups_are_rated_apart',
        'Groups are rated each by itself: leave out free units, minimum, maximum and tiers, or the grouping.',
      ),
    );
  if (interval !== undefined && !divides(interval, plan.interval))
    problems.push(
      problem(
        `${pointer}/interval`,
        'interval_does_not_divide',
        "Must be shorter than the plan's interval and divide it: months in a year, days in a week.",
      ),
    );
  return problems;
}

/** Whether so many whole inner intervals make one outer one, always. */
function divides(inner: Interval, outer: Interval): boolean {
  const family = (unit: IntervalUnit): 'days' | 'months' => (unit === 'day' || unit === 'week' ? 'days' : 'months');
  const size = ({ unit, count }: Interval): number => count * (unit === 'week' ? 7 : unit === 'year' ? 12 : 1);
  if (!isWhole(inner.count, 1, INTERVAL_COUNT_MAX[inner.unit])) return false;
  return family(inner.unit) === family(outer.unit) && size(inner) < size(outer) && size(outer) % size(inner) === 0;
}

/** What a price asks of its meter: only a level has units that are free at any moment, and it is kept by the meter's own properties alone. */
export function meterPriceProblems(price: Price, pointer: string, meter: Pick<Meter, 'aggregation' | 'groupBy'>): FieldProblem[] {
  if (price.kind !== 'metered') return [];
  const level = meter.aggregation === 'time_weighted';
  if (!level && price.freeConcurrent !== undefined)
    return [
      problem(
        `${pointer}/freeConcurrent`,
        'not_a_level',
        'Only a meter with the aggregation "time_weighted" has a level: take freeUnits, or another meter.',
      ),
    ];
  const declared = meter.groupBy ?? [];
  const asked = { groupBy: price.groupBy ?? [], filter: Object.keys(price.filter ?? {}) };
  return Object.entries(asked).flatMap(([name, properties]) =>
    level && properties.some((property) => !declared.includes(property))
      ? [
          problem(
            `${pointer}/${name}`,
            'undeclared_dimension',
            `The meter tells levels apart by ${declared.length === 0 ? 'nothing' : declared.join(', ')}: name the property in a meter's groupBy.`,
          ),
        ]
      : [],
  );
}
