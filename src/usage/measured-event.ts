import type { UsageEvent } from '../domain/metering/event.js';
import type { MeterEvent } from '../domain/metering/meter-event.js';
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

/** An event with its identity and what it is to meters: all that counting it takes, and taking it back. */
export interface CountedEvent {
  readonly accountId: string;
  readonly ident: string;
  /** Its position among all events. */
  readonly seq: string;
  readonly event: MeterEvent;
  readonly measures: readonly MeterMeasure[];
}
