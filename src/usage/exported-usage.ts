import type { Dataset } from '../common/datasets/dataset.js';
import { liesInSql, type Recorded } from '../common/datasets/recorded.js';
import { EXPORT_LACKS, exportArchived } from './archive/archived.js';
import { LAST_POSITION, STOP_INGEST } from './late-marks.js';

/** Events by their positions: given while the ingest lock is held, so that none is on its way while it is held alone. */
const POSITIONS: Recorded = {
  first: STOP_INGEST,
  reached: `select 'usage' as sequence, ${LAST_POSITION} as position`,
  mark: `select system_identifier::text from pg_control_system() where s.position <= ${LAST_POSITION}`,
  within: (stretches) => liesInSql(stretches, 'e.event_seq'),
};

/** Accepted usage events. Whether one is voided is told as of the export: an event is exported once, and a later void does not bring it again. */
export const USAGE: Dataset = {
  name: 'usage',
  row: 'an accepted usage event',
  columns: [
    { name: 'time', type: 'instant', sql: 'e.event_time' },
    { name: 'account', type: 'code', sql: 'a.key' },
    { name: 'type', type: 'text', sql: 'e.type' },
    { name: 'source', type: 'text', sql: 'e.source' },
    { name: 'id', type: 'text', sql: 'e.id' },
    { name: 'data', type: 'json', sql: 'e.data' },
    { name: 'received_at', type: 'instant', sql: 'e.received_at' },
    { name: 'voided_at', type: 'instant', sql: 'v.voided_at' },
  ],
  from: `usage_event e join account a on a.id = e.account_id
    left join usage_void v on v.account_id = e.account_id and v.type = e.type and v.event_time = e.event_time and v.event_seq = e.event_seq`,
  instant: 'e.event_time',
  recorded: POSITIONS,
  order: 'e.event_time, e.event_seq',
  totals: [],
  takenAway: { table: 'usage_event', missing: EXPORT_LACKS, refusal: exportArchived },
};
