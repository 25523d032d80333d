import type { Instant } from '../domain/instant.js';

/** What a provider can do. */
export interface Capabilities {
  /** Takes money by itself, once an account has a payment method. */
  readonly collects: boolean;
  /** Takes payment methods as tokens that its own page or library made. */
  readonly tokens: boolean;
  /** Gives money back. */
  readonly refunds: boolean;
  /** Tells of its own accord what became of a charge. */
  readonly webhooks: boolean;
  /** Gives up a charge that waits for its customer. */
  readonly cancels: boolean;
}

/** Who pays, as a provider needs to know. */
export interface Customer {
  readonly accountId: string;
  readonly name: string;
  readonly email: string | null;
}

/** A payment method as the provider knows it. Card numbers never pass here. */
export interface StoredMethod {
  /** The provider's own name of it. */
  readonly reference: string;
  /** For people: "Visa ending in 4242". */
  readonly label: string;
}

/** Where a customer adds a payment method: a page of the provider's, or a secret for its library. */
export type MethodSetup = { readonly kind: 'page'; readonly url: string } | { readonly kind: 'client_secret'; readonly secret: string };

/** A charge without the customer present. `key` is the same for every repetition of one attempt, and for no other. Amounts in minor units. */
export interface ChargeRequest {
  readonly key: string;
  readonly customer: string;
  readonly method: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly description: string;
}

export type DeclineKind = 'soft' | 'hard' | 'new_method_needed';

/**
 * What became of a write. Every case but `unknown` is certain. After `unknown` (a time-out, a broken connection) the money may have moved:
 * it is looked up by its key, and never sent again as something new.
 */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly reference: string }
  | { readonly kind: 'processing'; readonly reference: string }
  | { readonly kind: 'requires_action'; readonly reference: string; readonly url: string | null }
  | { readonly kind: 'declined'; readonly decline: DeclineKind; readonly reason: string }
  | { readonly kind: 'not_attempted'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface RefundRequest {
  readonly key: string;
  /** The charge's reference. */
  readonly charge: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** What a provider tells of its own accord, in our words. */
export interface ProviderEvent {
  /** The provider's name of the event: the same for every delivery. */
  readonly id: string;
  readonly kind: 'charge' | 'refund';
  /** The key of the attempt that it is about. */
  readonly key: string;
  readonly outcome: Outcome;
  readonly occurredAt: Instant;
}

/** What was received, as it was received: signatures are over the bytes. */
export interface ReceivedWebhook {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A charge or a refund as it stands in the provider's own books. Amounts in minor units. */
export interface ProviderRecord {
  readonly kind: 'charge' | 'refund';
  /** The provider's own name of it. */
  readonly reference: string;
  /** The key under which we asked for it; null where it was made otherwise, or the provider does not keep keys. */
  readonly key: string | null;
  /** The provider's name of the customer, where it tells that. */
  readonly customer: string | null;
  readonly state: 'succeeded' | 'pending' | 'failed';
  readonly amountMinor: bigint;
  readonly currency: string;
  /** When the provider made it. */
  readonly at: Instant;
}

/**
 * Whoever holds payment methods and moves money. No method throws for what a provider may answer: each outcome has its case, and a failure
 * in between is `unknown`. Words of the provider stay inside its folder.
 */
export interface PaymentProvider {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The provider's name of the customer; the same for the same account. */
  ensureCustomer(customer: Customer): Promise<string>;
  /** Where the customer adds a payment method. @throws Refusal `not_supported` */
  setUpMethod(customer: string): Promise<MethodSetup>;
  /** A token as a payment method that can be charged later. @throws Refusal `payment_method_refused`, `not_supported` */
  storeMethod(customer: string, token: string): Promise<StoredMethod>;
  charge(request: ChargeRequest): Promise<Outcome>;
  refund(request: RefundRequest): Promise<Outcome>;
  /** What became of the write with that key: `not_attempted` where the provider never saw it. */
  lookUp(key: string): Promise<Outcome>;
  /**
   * Gives up the charge with that key. `not_attempted`: nothing comes of it any more, also where it is sent once more or is still under way;
   * any other outcome is what became of it instead.
   */
  cancel(key: string): Promise<Outcome>;
  /** The events in a webhook whose signature is right. @throws Refusal `invalid_signature`, `not_supported` */
  readWebhook(received: ReceivedWebhook): ProviderEvent[];
  /**
   * Everything that the provider made from an instant to before another, in any order, as its books have it: what our own are compared with.
   * Absent where it keeps no books. Throws where they cannot be read in full.
   */
  records?(from: Instant, to: Instant): AsyncIterable<ProviderRecord>;
}
