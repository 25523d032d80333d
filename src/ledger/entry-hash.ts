import { createHash } from 'node:crypto';
import { type BookedEntry, canonicalEntry } from '../domain/journal-chain.js';

/** The hash of an entry at its place in the chain: SHA-256 in lower-case hex. */
export const entryHash = (entry: BookedEntry, seq: bigint, previousHash: string): string =>
  createHash('sha256')
    .update(canonicalEntry(entry, seq, previousHash))
    .digest('hex');
