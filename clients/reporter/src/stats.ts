import type { Problem } from './problem.js';

/** Counts of one process since it opened its reporter. */
export interface Counters {
  /** Events that an earlier process had left in the directory. */
  recovered: number;
  /** Events that were stored: their `report` resolved. */
  reported: number;
  /** Events that could not be stored: their `report` rejected. */
  notStored: number;
  /** Delivered, and new to the service. */
  accepted: number;
  /** Delivered, and the service had them already: an answer got lost, or the caller reported twice. */
  duplicates: number;
  /** Set aside: the service has another event with this source and id. */
  conflicts: number;
  /** Set aside: the service refused them. */
  rejected: number;
  /** Requests sent. */
  requests: number;
  /** Of these, repetitions of one that failed. */
  retried: number;
  /** Batches refused as a whole, and sent again in smaller ones. */
  split: number;
}

export interface ReporterStats extends Readonly<Counters> {
  /** accepted + duplicates. Always: recovered + reported = delivered + conflicts + rejected + pendingEvents. */
  readonly delivered: number;
  readonly pendingEvents: number;
  readonly pendingBytes: number;
  /** Up to when usage is delivered: the `time` of the oldest event that is not. `null` where there is none. */
  readonly oldestPendingAt: string | null;
  readonly lastDeliveredAt: string | null;
  /** Failures since the service last took a batch. */
  readonly failuresInARow: number;
  /** What stands in the way; `null` once the service took a batch again. */
  readonly lastError: (Problem & { readonly at: string }) | null;
}

export const noCounts = (): Counters => ({
  recovered: 0,
  reported: 0,
  notStored: 0,
  accepted: 0,
  duplicates: 0,
  conflicts: 0,
  rejected: 0,
  requests: 0,
  retried: 0,
  split: 0,
});
