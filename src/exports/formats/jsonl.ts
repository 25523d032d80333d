import { jsonLineSql } from '../value-sql.js';
import type { Format } from './format.js';

/** One JSON object a line, made by the database. Money and decimals are strings. */
export const JSONL: Format = {
  contentType: 'application/x-ndjson',
  expressions: (columns) => [jsonLineSql(columns)],
  write: async function* (_columns, batches) {
    for await (const rows of batches) yield `${rows.map(([line]) => line).join('\n')}\n`;
  },
};
