import type { FakeServer } from './fake-server.js';

/** Money that moved, by a fake's own books: in the fake's unit. */
export interface Moved {
  readonly key: string;
  readonly amount: string;
  readonly currency: string;
}

/** A webhook as it is sent. */
export interface Delivery {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What tests need of a fake, whichever provider it stands for. */
export interface FakeProvider extends FakeServer {
  readonly name: 'stripe' | 'recurly';
  /** Settings by which the service talks to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Tokens of payment methods that pay, are declined and take their time. */
  readonly tokens: { readonly ok: string; readonly declined: string; readonly action: string; readonly processing: string };
  readonly chargePath: string;
  readonly refundPath: string;
  /** How long it keeps keys. */
  readonly windowMs: number;
  /** What was collected or given back, by its own books. */
  moved(kind: 'charge' | 'refund'): Moved[];
  /** A charge that it was processing goes through. */
  settle(key: string): void;
  /** So do all of them. */
  settleAll(): void;
  /** The webhooks that it has not sent yet, signed now. */
  deliveries(): Promise<readonly Delivery[]>;
}
