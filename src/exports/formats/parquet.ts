import { ByteWriter } from 'hyparquet-writer';
import type { ColumnType } from '../../common/datasets/dataset.js';
import {
  optional,
  PARQUET_DAY,
  PARQUET_FLAG,
  PARQUET_INSTANT,
  PARQUET_INTEGER,
  PARQUET_TEXT,
  parquetDecimal,
  type ParquetType,
} from '../../common/parquet/elements.js';
import { type ParquetColumn, type ParquetValue, RowGroups } from '../../common/parquet/row-groups.js';
import { DAY, parseInstant } from '../../domain/instant.js';
import { lengthOf, type TextRow } from '../snapshot-reader.js';
import { textSql, type SelectedColumn } from '../value-sql.js';
import type { Format } from './format.js';

/** Decimals of every amount, whatever its currency: no minor unit has more. */
const MONEY_SCALE = 4;
const DECIMAL_SCALE = 12;

export const PARQUET: Format = {
  contentType: 'application/vnd.apache.parquet',
  expressions: (columns) => columns.map(textSql),
  write: async function* (columns, batches) {
    const bytes = new ByteWriter();
    const groups = new RowGroups(bytes, { name: 'export', columns: columns.map(columnOf), charactersOf: lengthOf });
    for await (const rows of batches) {
      await groups.add(rows);
      if (bytes.index > 0) yield taken(bytes);
    }
    await groups.finish();
    yield taken(bytes);
  },
};

/** What was written since it was asked last. */
function taken(bytes: ByteWriter): Uint8Array {
  const chunk = new Uint8Array(bytes.getBytes());
  bytes.index = 0;
  return chunk;
}

const columnOf = ({ name, type }: SelectedColumn, i: number): ParquetColumn<TextRow> => ({
  element: optional(name, typeOf(type)),
  valueOf: (row) => valueOf(type, row[i] ?? null),
});

function typeOf(type: ColumnType): ParquetType {
  switch (type) {
    case 'money':
      return parquetDecimal(MONEY_SCALE);
    case 'decimal':
      return parquetDecimal(DECIMAL_SCALE);
    case 'instant':
      return PARQUET_INSTANT;
    case 'day':
      return PARQUET_DAY;
    case 'integer':
      return PARQUET_INTEGER;
    case 'flag':
      return PARQUET_FLAG;
    default:
      return PARQUET_TEXT;
  }
}

function valueOf(type: ColumnType, text: string | null): ParquetValue {
  if (text === null) return undefined;
  switch (type) {
    case 'money':
      return unscaled(text, MONEY_SCALE);
    case 'decimal':
      return unscaled(text, DECIMAL_SCALE);
    case 'instant':
      return parseInstant(text);
    case 'day':
      return Number(parseInstant(`${text}T00:00:00Z`) / DAY);
    case 'integer':
      return BigInt(text);
    case 'flag':
      return text === 'true';
    default:
      return text;
  }
}

/** "1.5" with a scale of 4 is 15000n. */
function unscaled(text: string, scale: number): bigint {
  const [whole = '', part = ''] = text.split('.');
  if (part.length > scale) throw new RangeError(`${text} has more than ${String(scale)} decimals`);
  return BigInt(whole + part.padEnd(scale, '0'));
}
