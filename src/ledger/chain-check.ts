import type { Check, Difference } from '../common/checks.js';
import type { Tx } from '../common/database/database.js';
import { NO_HASH } from '../domain/journal-chain.js';
import { bookedEntry, BOOKED_ENTRY_COLUMNS, type BookedEntryRow } from './booked-entries.js';
import { entryHash } from './entry-hash.js';
import { chainHead } from './sealing.js';

const SEALS_AT_ONCE = 5_000;

interface SealRow extends BookedEntryRow {
  readonly seq: bigint;
  readonly hash: string;
  readonly entryId: string;
  readonly isThere: boolean;
}

const SEALS = `
  select s.seq, s.hash, s.entry_id as "entryId", e.id is not null as "isThere", ${BOOKED_ENTRY_COLUMNS}
  from journal_seal s left join journal_entry e on e.account_id = s.account_id and e.id = s.entry_id
  where s.seq > $1 order by s.seq limit $2`;

const NEVER_SEALED = `
  select e.id as subject from journal_entry e
  where not exists (select from journal_seal s where s.account_id = e.account_id and s.entry_id = e.id)
    and not exists (select from journal_unsealed u where u.account_id = e.account_id and u.entry_id = e.id)
  order by e.at, e.id`;

/** The chain is whole: every entry as it was sealed, none gone, none slipped in, none cut off at the end. */
export const chainCheck: Check = { name: 'chain', group: 'ledger', narrows: false, run: checkChain };

async function* checkChain(tx: Tx): AsyncGenerator<Difference> {
  let [seq, hash] = [0n, NO_HASH];
  for (let rows = await sealsAfter(tx, seq); rows.length > 0; rows = await sealsAfter(tx, seq))
    for (const row of rows) {
      if (row.seq !== seq + 1n)
        yield { subject: `seal ${(seq + 1n).toString()}`, detail: `missing: seal ${row.seq.toString()} comes next` };
      if (!row.isThere) yield { subject: row.entryId, detail: `sealed as number ${row.seq.toString()}, but gone` };
      else if (entryHash(bookedEntry(row), row.seq, hash) !== row.hash)
        yield { subject: row.entryId, detail: `not what was sealed as number ${row.seq.toString()}, or not in that place` };
      [seq, hash] = [row.seq, row.hash];
    }
  const head = await chainHead(tx);
  if (head.entries !== seq)
    yield { subject: 'chain', detail: `records ${head.entries.toString()} entries, but ends with number ${seq.toString()}` };
  else if (head.hash !== hash) yield { subject: 'chain', detail: 'ends with another hash than it records' };
  for (const { subject } of await tx.query<{ subject: string }[]>(NEVER_SEALED))
    yield { subject, detail: 'neither sealed nor waiting for it' };
}

const sealsAfter = (tx: Tx, seq: bigint): Promise<SealRow[]> => tx.query<SealRow[]>(SEALS, [seq.toString(), SEALS_AT_ONCE]);
