import type { UsageEvent } from '../domain/metering/event.js';
import type { Measure } from '../domain/metering/measures.js';
import type { CatalogMeter } from '../meters/meters.service.js';

/** What one meter makes of an event. */
export interface MeterMeasure {
  readonly meter: CatalogMeter;
  readonly measure: Measure;
}

/** An event of an account that is there, with what its meters make of it. */
export interface MeasuredEvent {
  readonly accountId: string;
  readonly event: UsageEvent;
  readonly measures: readonly MeterMeasure[];
}
