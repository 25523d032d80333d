import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { Jobs } from '../common/jobs/jobs.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { bookedEntry, BOOKED_ENTRY_COLUMNS, type BookedEntryRow } from './booked-entries.js';
import { entryHash } from './entry-hash.js';

const TASK = 'ledger.sealing';
const ENTRIES_AT_ONCE = 5_000;

/** How far the chain goes: what an auditor notes, to hold it against the chain later. */
export interface ChainHead {
  readonly entries: bigint;
  readonly hash: string;
  readonly sealedAt: Instant | null;
}

const HEAD = 'select entries, hash, sealed_at as "sealedAt" from journal_chain';

/* In the order in which entries were posted. Those of a transaction that commits later come later. Relies on journal_unsealed_in_order. */
const TAKE = `
  with taken as (
    delete from journal_unsealed where ctid = any(array(select ctid from journal_unsealed order by position limit $1))
    returning account_id, entry_id, position)
  select ${BOOKED_ENTRY_COLUMNS} from taken t join journal_entry e on e.account_id = t.account_id and e.id = t.entry_id order by t.position`;

const SEAL = `
  with seals as (
    insert into journal_seal (seq, account_id, entry_id, hash) select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[]))
  update journal_chain set entries = entries + cardinality($1::bigint[]), hash = $5, sealed_at = $6`;

export async function chainHead(tx: Tx): Promise<ChainHead> {
  const [head] = await tx.query<ChainHead[]>(HEAD);
  if (!head) throw new RangeError('the head of the journal chain is gone');
  return head;
}

/**
 * Chains entries by their hashes once they are committed, so that who posts never waits for another: in the order in which they were posted, some
 * thousand in a transaction, one transaction at a time.
 */
@Injectable()
export class Sealing implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(TASK, () => this.run());
  }

  /** Seals all that waits. */
  async run(): Promise<void> {
    while ((await this.database.transaction((tx) => this.sealSome(tx))) === ENTRIES_AT_ONCE);
  }

  /** The same in the caller's transaction. Answers how far the chain goes then. */
  async runWithin(tx: Tx): Promise<ChainHead> {
    while ((await this.sealSome(tx)) === ENTRIES_AT_ONCE);
    return chainHead(tx);
  }

  private async sealSome(tx: Tx): Promise<number> {
    const [head] = await tx.query<ChainHead[]>(`${HEAD} for update`);
    if (!head) throw new RangeError('the head of the journal chain is gone');
    const entries = (await tx.query<BookedEntryRow[]>(TAKE, [ENTRIES_AT_ONCE])).map(bookedEntry);
    if (entries.length === 0) return 0;
    let { hash } = head;
    const seals = entries.map((entry, i) => {
      const seq = head.entries + BigInt(i + 1);
      hash = entryHash(entry, seq, hash);
      return { seq, hash, accountId: entry.accountId, entryId: entry.id };
    });
    await tx.query(SEAL, [
      seals.map((seal) => seal.seq.toString()),
      seals.map((seal) => seal.accountId),
      seals.map((seal) => seal.entryId),
      seals.map((seal) => seal.hash),
      hash,
      formatInstant(this.clock.now()),
    ]);
    return entries.length;
  }
}
