import { formatInstant, type Instant } from './instant.js';
import type { Posting } from './ledger.js';

/** An entry as it stands in the books. */
export interface BookedEntry {
  readonly id: string;
  readonly accountId: string;
  readonly seller: string;
  /** The instant that it counts from. */
  readonly at: Instant;
  /** The instant of what it records: earlier than `at` where that fell into a closed period. */
  readonly eventAt: Instant;
  readonly causeKind: string;
  readonly causeId: string;
  readonly purpose: string;
  readonly currency: string;
  /** The invoice whose receivable it moves. */
  readonly invoiceId: string | null;
  /** In their order. */
  readonly postings: readonly (Omit<Posting, 'ledgerAccount'> & { readonly ledgerAccount: string })[];
}

const FORM = 'wharfage.journal.1';

/** What the hash of the first entry takes for the one before. */
export const NO_HASH = '0'.repeat(64);

/**
 * The text whose SHA-256 (UTF-8, in lower-case hex) is the hash of an entry: a JSON array without blanks. Numbers and amounts are texts, in minor
 * units; instants as everywhere in the API, in UTC, decimals of a second only where there are some, without trailing zeros.
 */
export const canonicalEntry = (entry: BookedEntry, seq: bigint, previousHash: string): string =>
  JSON.stringify([
    FORM,
    seq.toString(),
    previousHash,
    entry.id,
    entry.accountId,
    entry.seller,
    formatInstant(entry.at),
    formatInstant(entry.eventAt),
    entry.causeKind,
    entry.causeId,
    entry.purpose,
    entry.currency,
    entry.invoiceId,
    entry.postings.map(({ ledgerAccount, amountMinor }) => [ledgerAccount, amountMinor.toString()]),
  ]);
