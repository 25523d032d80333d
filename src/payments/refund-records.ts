import type { Instant } from '../domain/instant.js';

/** Money of a payment that is given back. */
export interface Refund {
  readonly accountId: string;
  readonly id: string;
  readonly paymentId: string;
  readonly state: 'pending' | 'succeeded' | 'failed';
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly reason: string;
  /** The credit note that it settles. */
  readonly creditNoteId: string | null;
  readonly failure: string | null;
  readonly createdAt: Instant;
  readonly settledAt: Instant | null;
  /** When it came back, though it had gone out. */
  readonly returnedAt: Instant | null;
}

export const REFUND_COLUMNS = `account_id as "accountId", id, payment_id as "paymentId", state, amount_minor as "amountMinor", currency, reason, credit_note_id as "creditNoteId", failure,
  created_at as "createdAt", settled_at as "settledAt", returned_at as "returnedAt"`;
