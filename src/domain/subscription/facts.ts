import type { Entitlement, Price } from '../catalog.js';
import type { Instant } from '../instant.js';

/**
 * What happened to a subscription. Facts are append-only, and nothing else is stored that could disagree with them: a subscription's
 * row is a projection. A fact takes effect at `effectiveAt`, which may lie before or after `recordedAt`.
 */
export type Fact =
  | StartedFact
  | PlanChangedFact
  | QuantityChangedFact
  | PausedFact
  | ResumedFact
  | TrialMovedFact
  | CouponRedeemedFact
  | CouponEndedFact
  | EndedFact
  | WithdrawnFact;

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

/** What one subscription was granted beyond its plan. It stays while the plan is held, over its versions. */
export interface Overrides {
  /** In the place of the plan's prices of the same keys. */
  readonly prices?: readonly Price[];
  /** In the place of the plan's. */
  readonly minimumCommitment?: string | null;
  /** Besides the plan's: the higher of both holds. */
  readonly entitlements?: Readonly<Record<string, Entitlement>>;
}

export interface StartedFact extends Recorded {
  readonly kind: 'started';
  readonly plan: string;
  readonly planVersion: number;
  readonly quantities: Quantities;
  readonly overrides: Overrides | null;
  /** The account's time zone, frozen for the life of the subscription (IANA name). */
  readonly timeZone: string;
  readonly alignment: Alignment;
  /** The billing anchor where the caller gave one; else it follows from the alignment. */
  readonly anchorAt: Instant | null;
  readonly trialEndsAt: Instant | null;
  readonly coupon: string | null;
  /** The subscription that this one is an add-on to: it shares that one's periods, trial and pauses, and ends with it. */
  readonly addOnTo: string | null;
  /** Up to here recurring prices were paid for in another system; one-time prices were, too. */
  readonly paidThroughAt: Instant | null;
}

export interface PlanChangedFact extends Recorded {
  readonly kind: 'plan_changed';
  readonly plan: string;
  readonly planVersion: number;
  /** Null carries them over by price key. */
  readonly quantities: Quantities | null;
  /** Null keeps those of the plan held, where the plan stays the same. */
  readonly overrides: Overrides | null;
  readonly proration: Proration;
  readonly anchor: 'keep' | 'reset';
  /** Whether the holder was moved by the seller: one-time prices are not charged then. */
  readonly migration: boolean;
}

export interface QuantityChangedFact extends Recorded {
  readonly kind: 'quantity_changed';
  readonly price: string;
  readonly quantity: string;
}

/** Lasts until the first `resumed` after it. */
export interface PausedFact extends Recorded {
  readonly kind: 'paused';
}

export interface ResumedFact extends Recorded {
  readonly kind: 'resumed';
}

/** The trial ends at another instant; the last one recorded counts. */
export interface TrialMovedFact extends Recorded {
  readonly kind: 'trial_moved';
  readonly trialEndsAt: Instant;
}

/** A coupon reduces charges from the billing period on in which it was redeemed. */
export interface CouponRedeemedFact extends Recorded {
  readonly kind: 'coupon_redeemed';
  readonly coupon: string;
}

/** A coupon reduces nothing after the billing period in which it was ended. */
export interface CouponEndedFact extends Recorded {
  readonly kind: 'coupon_ended';
  readonly coupon: string;
}

export interface EndedFact extends Recorded {
  readonly kind: 'ended';
  readonly proration: Proration;
  /** False waives the metered usage of the period that the end cuts short. */
  readonly invoiceUsage: boolean;
}

/** Facts that had not taken effect never will. */
export interface WithdrawnFact extends Recorded {
  readonly kind: 'withdrawn';
  readonly seqs: readonly number[];
}

/** A subscription and all its facts. */
export interface SubscriptionHistory {
  readonly id: string;
  /** Orders the lines of an invoice. */
  readonly createdAt: Instant;
  readonly facts: readonly Fact[];
  /** The subscription that this one is an add-on to. */
  readonly parent?: SubscriptionHistory;
}
