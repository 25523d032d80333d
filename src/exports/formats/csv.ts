import { csvLineSql } from '../value-sql.js';
import type { Format } from './format.js';

const BYTE_ORDER_MARK = '\ufeff';
const LINE_END = '\r\n';

/** RFC 4180, with a header. The database makes the lines: see `csvLineSql`. */
export const CSV: Format = {
  contentType: 'text/csv; charset=utf-8',
  expressions: (columns) => [csvLineSql(columns)],
  write: async function* (columns, batches, { bom }) {
    yield `${bom ? BYTE_ORDER_MARK : ''}${columns.map(({ name }) => name).join(',')}${LINE_END}`;
    for await (const rows of batches) yield rows.map(([line]) => line).join(LINE_END) + LINE_END;
  },
};
