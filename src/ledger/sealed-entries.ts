import { liesInSql, type Recorded } from '../common/datasets/recorded.js';

/** Journal entries by their places in the chain. Rows have their journal_seal `c`. */
export const JOURNAL_CHAIN: Recorded = {
  sealed: true,
  reached: `select 'journal' as sequence, entries as position from journal_chain`,
  mark: 'select m.hash from journal_seal m where m.seq = s.position',
  within: (stretches) => liesInSql(stretches, 'c.seq'),
};

/** SQL for sealed entries `e`. */
export const SEALED_ENTRIES = 'journal_seal c join journal_entry e on e.account_id = c.account_id and e.id = c.entry_id';
