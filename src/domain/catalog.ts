/**
 * What is sold, as plain data. These are the shapes of the API's plan, price, meter, coupon and tax rate bodies, of their rows,
 * and of the simulation file: one shape for all of them. Money and quantities are decimal strings in major units.
 */

export type IntervalUnit = 'day' | 'week' | 'month' | 'year';

export interface Interval {
  readonly unit: IntervalUnit;
  /** A whole number from 1. */
  readonly count: number;
}

export type ProrationBasis = 'second' | 'day';

/** One step of a tiered price. `upTo` is inclusive, in units; `null` means open, and the last tier is. */
export interface Tier {
  readonly upTo: string | null;
  readonly unitPrice?: string;
  readonly flatPrice?: string;
  /** A decimal fraction: `"0.029"` is 2.9 %. Only in `graduated_percentage`. */
  readonly rate?: string;
}

export interface FlatModel {
  readonly model: 'flat';
  readonly amount: string;
}
export interface PerUnitModel {
  readonly model: 'per_unit';
  readonly unitPrice: string;
}
export interface GraduatedModel {
  readonly model: 'graduated';
  readonly tiers: readonly Tier[];
}
export interface VolumeModel {
  readonly model: 'volume';
  readonly tiers: readonly Tier[];
}
export interface StairstepModel {
  readonly model: 'stairstep';
  readonly tiers: readonly Tier[];
}
export interface PackageModel {
  readonly model: 'package';
  readonly packageSize: string;
  readonly packagePrice: string;
}
export interface PercentageModel {
  readonly model: 'percentage';
  readonly rate: string;
  readonly fixedPerEvent?: string;
}
export interface GraduatedPercentageModel {
  readonly model: 'graduated_percentage';
  readonly tiers: readonly Tier[];
}

/** Turns a quantity into money. */
export type PriceModel =
  FlatModel | PerUnitModel | GraduatedModel | VolumeModel | StairstepModel | PackageModel | PercentageModel | GraduatedPercentageModel;

/** Keeps events whose property equals one of the values; a condition for each property, all of which must hold. */
export type UsageFilter = Readonly<Record<string, readonly string[]>>;

interface Priced {
  readonly key: string;
  readonly name?: string;
  /** Keys of the tax rates that it bears, in the place of its plan's and of the account's. */
  readonly taxRates?: readonly string[];
}

export type OneTimePrice = Priced & { readonly kind: 'one_time'; readonly amount: string };

export type RecurringPrice = Priced & { readonly kind: 'recurring'; readonly billing?: 'in_advance' | 'in_arrears' } & PriceModel;

export type MeteredPrice = Priced & {
  readonly kind: 'metered';
  readonly meter: string;
  readonly freeUnits?: string;
  readonly freeConcurrent?: string;
  readonly minimum?: string;
  readonly maximum?: string;
  readonly groupBy?: readonly string[];
  readonly filter?: UsageFilter;
  /** Shorter than the plan's interval, and dividing it. */
  readonly interval?: Interval;
} & PriceModel;

export type Price = OneTimePrice | RecurringPrice | MeteredPrice;

export const ACCOUNT_KINDS = ['user', 'organization'] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/** Something that plans let accounts do: a limit on a number, or a flag. */
export type FeatureKind = 'limit' | 'flag';

export type Entitlement = { readonly limit: number | null } | { readonly enabled: boolean };

/** An immutable plan version. */
export interface PlanVersion {
  readonly plan: string;
  readonly version: number;
  readonly name: string;
  readonly product: string;
  readonly currency: string;
  readonly interval: Interval;
  readonly trialDays: number;
  readonly prorationBasis: ProrationBasis;
  readonly minimumCommitment: string | null;
  readonly entitlements: Readonly<Record<string, Entitlement>>;
  /** The kinds of account that hold it without a subscription, unbilled. */
  readonly defaultFor?: readonly AccountKind[];
  /** Keys of the tax rates that its prices bear, in the place of the account's. */
  readonly taxRates?: readonly string[];
  readonly prices: readonly Price[];
}

export type Aggregation = 'count' | 'sum' | 'max' | 'min' | 'latest' | 'average' | 'unique' | 'percentile' | 'time_weighted';

export interface Meter {
  readonly key: string;
  readonly name: string;
  readonly eventType: string;
  readonly aggregation: Aggregation;
  /** The property of `data` that is aggregated; none for `count`. */
  readonly value?: string;
  /** The property that names the resource whose level is tracked (`time_weighted`); without it the account is one resource. */
  readonly resource?: string;
  /** `time_weighted` only. `level`: the value is the resource's level from then on. `delta`: it is added to the level. */
  readonly mode?: 'level' | 'delta';
  /** `time_weighted` only: what one unit of time is. */
  readonly unit?: 'second' | 'minute' | 'hour' | 'day';
  /** `percentile` only: above 0, at most 100. */
  readonly percentile?: number;
  /** The properties by which usage may be told apart. */
  readonly groupBy?: readonly string[];
  readonly filter?: UsageFilter;
  /** `time_weighted`, mode `level`: a resource without an event for that long is at zero from then on. */
  readonly staleAfter?: Duration;
  /** `time_weighted`, mode `level`: events of this type with `"snapshot": true` list what runs; everything else is at zero from then on. */
  readonly snapshotType?: string;
  /** `time_weighted`, mode `level`: each run of a resource is drawn out to whole units. */
  readonly roundRunsUpTo?: 'minute' | 'hour';
}

/** A length of time that is the same everywhere: a day has 24 hours. */
export interface Duration {
  readonly unit: 'minute' | 'hour' | 'day';
  /** A whole number from 1. */
  readonly count: number;
}

export type CouponDuration = 'once' | 'repeating' | 'forever';

export interface Coupon {
  readonly key: string;
  /** A percentage: `"15"` is 15 %. Either this or `amountOff`. */
  readonly percentOff?: string;
  /** Money in `currency`, per billing period. */
  readonly amountOff?: string;
  readonly currency?: string;
  readonly duration: CouponDuration;
  /** Billing periods, for `repeating`. */
  readonly periods?: number;
  /** Keys; absent means all. */
  readonly plans?: readonly string[];
  readonly prices?: readonly string[];
}

/** The tax category codes of UNCL 5305 that EN 16931 admits and that we support. */
export type TaxCategory = 'S' | 'AE' | 'Z' | 'E' | 'G' | 'K' | 'O';

export interface TaxRate {
  readonly key: string;
  readonly name: string;
  /** A decimal fraction: `"0.20"` is 20 %. */
  readonly rate: string;
  readonly category: TaxCategory;
  /** Whether amounts contain the tax already. */
  readonly inclusive: boolean;
  /** Why no tax is charged, as printed on invoices. */
  readonly exemptionReason?: string | null;
}
