import type { NamedTaxRate } from '../accounts/tax-rates.service.js';
import type { PlanVersion, Price } from '../domain/catalog.js';

/** The tax rates that prices name, and where. */
export const taxRatesOfPrices = (prices: readonly Price[], pointer: string): NamedTaxRate[] =>
  prices.flatMap(({ taxRates = [] }, i) => taxRates.map((key, j) => ({ key, pointer: `${pointer}/${String(i)}/taxRates/${String(j)}` })));

/** The tax rates that a plan and its prices name, and where. */
export const taxRatesOfPlan = ({ taxRates = [], prices }: Pick<PlanVersion, 'taxRates' | 'prices'>): NamedTaxRate[] => [
  ...taxRates.map((key, i) => ({ key, pointer: `/taxRates/${String(i)}` })),
  ...taxRatesOfPrices(prices, '/prices'),
];
