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

/** Which amounts of a currency a provider charges, in minor units of ISO 4217. */
export interface ChargeableAmounts {
  readonly minimumMinor: bigint;
  readonly maximumMinor: bigint;
  /** Amounts are multiples of it: 10 where the last of three decimals must be 0. */
  readonly stepMinor: bigint;
}

/** A charge without the customer present. `key` is the same for every repetition of one attempt, and for no other. Amounts in minor units. */
export interface ChargeRequest {
  readonly key: string;
  /**
   * When the attempt was made. Providers forget keys; one that may have forgotten this one looks the key up before it sends it, and always does
   * where this is not told.
   */
  readonly since?: Instant;
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

/** Whose write a key belongs to, where that is known: it is found for certain among those of its customer, and sooner or later without. */
export interface KeyHolder {
  readonly customer: string;
}

/** What a provider tells of its own accord, as it came in. */
export interface Notification {
  /** The provider's name of the event: the same for every delivery. */
  readonly id: string;
  /** The provider's name of the kind of event, for people. */
  readonly type: string;
  readonly occurredAt: Instant;
  /** What the provider needs to find out what became of the thing: ids, and nothing about customers. `null`: the event is not for us. */
  readonly about: Readonly<Record<string, string>> | null;
}

/** What a notification comes to, in our words: what is true when it is asked for, which may be later than what the notification told. */
export type ProviderFact =
  /** The key is that of the attempt or the refund. */
  | { readonly kind: 'charge' | 'refund'; readonly key: string; readonly outcome: Outcome }
  /** A customer added a payment method on a page of the provider's. */
  | { readonly kind: 'method'; readonly accountId: string; readonly customer: string; readonly method: StoredMethod };

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
 * Whoever holds payment methods and moves money. No charge, refund, look-up or cancellation throws for what a provider may answer: each outcome
 * has its case, and a failure in between is `unknown`. All else throws `provider_unavailable` where the provider cannot be reached. Words of the provider stay inside its folder.
 */
export interface PaymentProvider {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The provider's name of the customer; the same for the same account. */
  ensureCustomer(customer: Customer): Promise<string>;
  /** Where the customer adds a payment method. @throws Refusal `not_supported` */
  setUpMethod(customer: string, about: { readonly currency: string }): Promise<MethodSetup>;
  /** A token as a payment method that can be charged later. @throws Refusal `payment_method_refused`, `not_supported` */
  storeMethod(customer: string, token: string): Promise<StoredMethod>;
  /** What it charges in that currency; `undefined` where it does not take the currency. What is less is carried forward by whoever bills. */
  amounts(currency: string): ChargeableAmounts | undefined;
  charge(request: ChargeRequest): Promise<Outcome>;
  /** Repeated under its key a refund is given once, whatever time has passed. */
  refund(request: RefundRequest): Promise<Outcome>;
  /** What became of the charge with that key: `not_attempted` where the provider never saw it. */
  lookUp(key: string, holder?: KeyHolder): Promise<Outcome>;
  /**
   * Gives up the charge with that key. `not_attempted`: nothing comes of it any more, also where it is sent once more or is still under way;
   * any other outcome is what became of it instead, `unknown` where it may still be under way.
   */
  cancel(key: string, holder?: KeyHolder): Promise<Outcome>;
  /** The notifications in a webhook whose signature is right. @throws Refusal `invalid_signature`, `not_supported`, `bad_request` */
  readWebhook(received: ReceivedWebhook): Promise<Notification[]>;
  /** What a notification comes to: the provider is asked. None where it is about nothing of ours. @throws Refusal `provider_unavailable` */
  factsOf(notification: Notification): Promise<ProviderFact[]>;
  /**
   * Everything that the provider made from an instant to before another, in any order, as its books have it: what our own are compared with.
   * Absent where it keeps no books. Throws where they cannot be read in full.
   */
  records?(from: Instant, to: Instant): AsyncIterable<ProviderRecord>;
}
