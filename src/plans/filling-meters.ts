import { Refusal } from '../domain/refusal.js';
import type { CatalogMeter } from '../meters/meters.service.js';

/** What is priced must be whole. @throws Refusal `meter_filling` */
export function refuseFilling(meters: readonly CatalogMeter[]): void {
  const filling = meters.find((meter) => meter.filling);
  if (!filling) return;
  throw new Refusal(
    'conflict',
    'meter_filling',
    `Earlier events are still being added to the meter "${filling.key}": price it when GET /v2/meters/${filling.key} says "filling": false.`,
  );
}
