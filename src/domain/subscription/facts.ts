import type { Instant } from '../instant.js';

/**
 * What happened to a subscription. Facts are append-only, and nothing else is stored that could disagree with them: a subscription's
 * row is a projection. A fact takes effect at `effectiveAt`, which may lie before or after `recordedAt`.
 */
export type Fact = StartedFact | PlanChangedFact | EndedFact;

interface Recorded {
  /** Position in the subscription's history, from 1; facts of one instant take effect in this order. */
  readonly seq: number;
  readonly effectiveAt: Instant;
  readonly recordedAt: Instant;
}

export type Alignment = 'anniversary' | 'calendar';
export type Proration = 'prorate' | 'none';

/** Units held of each price, by price key: whole numbers from 0 as decimal strings. A price that is not named is held once. */
export type Quantities = Readonly<Record<string, string>>;

export interface StartedFact extends Recorded {
  readonly kind: 'started';
  readonly plan: string;
  readonly planVersion: number;
  readonly quantities: Quantities;
  /** The account's time zone, frozen for the life of the subscription (IANA name). */
  readonly timeZone: string;
  readonly alignment: Alignment;
  /** The billing anchor where the caller gave one; else it follows from the alignment. */
  readonly anchorAt: Instant | null;
  readonly trialEndsAt: Instant | null;
  /** A scheduled end that was part of the bargain: what is charged in advance is prorated to it. */
  readonly endsAt: Instant | null;
  readonly coupon: string | null;
}

export interface PlanChangedFact extends Recorded {
  readonly kind: 'plan_changed';
  readonly plan: string;
  readonly planVersion: number;
  readonly quantities: Quantities;
  readonly proration: Proration;
  readonly anchor: 'keep' | 'reset';
}

export interface EndedFact extends Recorded {
  readonly kind: 'ended';
  readonly proration: Proration;
  /** False waives the metered usage of the period that the end cuts short. */
  readonly invoiceUsage: boolean;
}

/** A subscription and all its facts. */
export interface SubscriptionHistory {
  readonly id: string;
  /** Orders the lines of an invoice. */
  readonly createdAt: Instant;
  readonly facts: readonly Fact[];
}
