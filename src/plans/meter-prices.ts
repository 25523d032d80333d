import type { Price } from '../domain/catalog.js';
import { meterPriceProblems } from '../domain/price-rules.js';
import { type FieldProblem, refuseAll } from '../domain/refusal.js';
import type { CatalogMeter } from '../meters/meters.service.js';
import { refuseFilling } from './filling-meters.js';

/** The keys of the meters that prices name, each once. */
export const metersOf = (prices: readonly Price[]): string[] => [
  ...new Set(prices.flatMap((price) => (price.kind === 'metered' ? [price.meter] : []))),
];

/** The prices whose meters are none of those known. */
export function unknownMeterProblems(prices: readonly Price[], known: readonly CatalogMeter[]): FieldProblem[] {
  const keys = new Set(known.map(({ key }) => key));
  return prices.flatMap((price, index) =>
    price.kind === 'metered' && !keys.has(price.meter)
      ? [
          {
            pointer: `/prices/${String(index)}/meter`,
            code: 'unknown_meter',
            detail: `There is no meter "${price.meter}": create it with PUT /v2/meters/${price.meter}.`,
          },
        ]
      : [],
  );
}

/** Prices ask of their meters what those can tell, and of whole ones only. @throws Refusal `meter_filling`, `invalid_request` */
export function refuseMisfits(prices: readonly Price[], known: readonly CatalogMeter[]): void {
  const named = new Set(metersOf(prices));
  const meters = new Map(known.filter(({ key }) => named.has(key)).map((meter) => [meter.key, meter]));
  refuseFilling([...meters.values()]);
  refuseAll(
    prices.flatMap((price, index) => {
      const meter = price.kind === 'metered' ? meters.get(price.meter) : undefined;
      return meter ? meterPriceProblems(price, `/prices/${String(index)}`, meter) : [];
    }),
  );
}
