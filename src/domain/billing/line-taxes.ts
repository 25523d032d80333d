import type { PlanVersion, TaxCategory, TaxRate } from '../catalog.js';
import { Refusal } from '../refusal.js';
import { versionKey } from '../subscription/history.js';
import type { Holding } from '../subscription/history.js';
import type { Charge, LineTax } from './line.js';

/** What an invoice says where a rate names no reason of its own (Directive 2006/112/EC). A zero rate and the standard rate bear none (EN 16931). */
const REMARKS: Readonly<Record<Exclude<TaxCategory, 'S' | 'Z'>, string>> = {
  AE: 'Reverse charge: the recipient is liable for the tax (Article 196 of Directive 2006/112/EC).',
  E: 'Exempt from tax.',
  G: 'Export outside the European Union, exempt from tax (Article 146 of Directive 2006/112/EC).',
  K: 'Intra-Community supply, exempt from tax (Article 138 of Directive 2006/112/EC).',
  O: 'Not subject to tax.',
};

/** Whether an invoice in the category says why no tax is charged. */
export const bearsRemark = (category: TaxCategory): category is keyof typeof REMARKS => category !== 'S' && category !== 'Z';

/** A tax rate as a line bears it: with the remark that its category wants. */
export function lineTax({ key, name, rate, category, inclusive, exemptionReason }: TaxRate): LineTax {
  const tax = { key, name, rate, category, inclusive };
  return bearsRemark(category) ? { ...tax, exemptionReason: exemptionReason ?? REMARKS[category] } : tax;
}

/** Where the taxes of new charges are looked up. */
export interface TaxTable {
  /** By `versionKey`. */
  readonly versions: ReadonlyMap<string, PlanVersion>;
  /** What the account's charges bear where neither price nor plan says anything. */
  readonly taxes: readonly LineTax[];
  /** The rates that plans and prices name, by key. */
  readonly taxRates?: ReadonlyMap<string, LineTax>;
}

/** The taxes of a new charge: those of its price, else of its plan, else of its account. `held` is what its subscription held. */
export function taxesFor(
  charge: Charge,
  held: readonly Holding[],
  { versions, taxes, taxRates = new Map() }: TaxTable,
): readonly LineTax[] {
  const { plan, planVersion } = charge;
  const keys = priceOf(charge, held)?.taxRates ?? versions.get(versionKey(plan ?? '', planVersion ?? 0))?.taxRates;
  return keys?.map((key) => taxRates.get(key) ?? fail(key)) ?? taxes;
}

/** The price of a charge, as its subscription had it when the service began. */
function priceOf(
  { plan, planVersion, price: key, servicePeriod }: Charge,
  held: readonly Holding[],
): PlanVersion['prices'][number] | undefined {
  const same = held.filter((holding) => holding.plan.plan === plan && holding.plan.version === planVersion);
  const holding = same.find(({ from, to }) => from <= servicePeriod.start && (to === null || servicePeriod.start < to)) ?? same.at(-1);
  return holding?.plan.prices.find((price) => price.key === key);
}

function fail(key: string): never {
  throw new Refusal('unprocessable', 'unknown_tax_rate', `There is no tax rate "${key}".`);
}

/** Categories in which the buyer owes the tax, or is known to the tax office by a number: the invoice must bear it (EN 16931, BR-AE-2 and BR-IC-2). */
const NEEDS_TAX_ID: ReadonlySet<TaxCategory> = new Set(['AE', 'K']);

export const needsTaxId = (taxes: readonly Pick<TaxRate, 'category'>[]): boolean =>
  taxes.some(({ category }) => NEEDS_TAX_ID.has(category));

/** @throws Refusal `tax_id_missing` */
export function refuseWithoutTaxId(account: string, taxIds: readonly unknown[], taxes: readonly LineTax[]): void {
  const tax = taxes.find((one) => needsTaxId([one]));
  if (tax === undefined || taxIds.length > 0) return;
  throw new Refusal(
    'unprocessable',
    'tax_id_missing',
    `The tax rate "${tax.key}" (category ${tax.category}) takes a tax id of the buyer, and "${account}" has none: give it one in taxIds, or another tax rate.`,
  );
}
