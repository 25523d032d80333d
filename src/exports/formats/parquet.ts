import type { SchemaElement } from 'hyparquet-writer';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnType } from '../../common/datasets/dataset.js';
import { DAY, parseInstant } from '../../domain/instant.js';
import { textSql, type SelectedColumn } from '../value-sql.js';
import type { TextRow } from '../snapshot-reader.js';
import type { Format } from './format.js';

const ROW_GROUP_ROWS = 10_000;
const ROW_GROUP_CHARACTERS = 4_000_000;

/** Decimals of every amount, whatever its currency: no minor unit has more. */
const MONEY_SCALE = 4;
const DECIMAL_SCALE = 12;
const PRECISION = 38;

/** Row group by row group: one of them is in memory at a time. */
export const PARQUET: Format = {
  contentType: 'application/vnd.apache.parquet',
  expressions: (columns) => columns.map(textSql),
  write: async function* (columns, batches) {
    const bytes = new ByteWriter();
    const file = new ParquetWriter({ writer: bytes, schema: schemaOf(columns) });
    for await (const rows of rowGroups(batches)) {
      const columnData = columns.map(({ name, type }, i) => ({
        name,
        data: rows.map((row) => valueOf(type, row[i] ?? null)),
        offsetIndex: false,
      }));
      await file.write({ columnData, rowGroupSize: rows.length });
      yield taken(bytes);
    }
    await file.finish();
    yield taken(bytes);
  },
};

/** What was written since it was asked last. */
function taken(bytes: ByteWriter): Uint8Array {
  const chunk = new Uint8Array(bytes.getBytes());
  bytes.index = 0;
  return chunk;
}

async function* rowGroups(batches: AsyncIterable<readonly TextRow[]>): AsyncGenerator<readonly TextRow[]> {
  let group: TextRow[] = [];
  let characters = 0;
  for await (const rows of batches) {
    group.push(...rows);
    characters += rows.reduce((sum, row) => sum + row.reduce((length, value) => length + (value?.length ?? 0), 0), 0);
    if (group.length < ROW_GROUP_ROWS && characters < ROW_GROUP_CHARACTERS) continue;
    yield group;
    [group, characters] = [[], 0];
  }
  if (group.length > 0) yield group;
}

const decimal = (scale: number): Partial<SchemaElement> => ({
  type: 'FIXED_LEN_BYTE_ARRAY',
  type_length: 16,
  converted_type: 'DECIMAL',
  scale,
  precision: PRECISION,
});

function elementOf(type: ColumnType): Partial<SchemaElement> {
  switch (type) {
    case 'money':
      return decimal(MONEY_SCALE);
    case 'decimal':
      return decimal(DECIMAL_SCALE);
    case 'instant':
      return {
        type: 'INT64',
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      };
    case 'day':
      return { type: 'INT32', converted_type: 'DATE' };
    case 'integer':
      return { type: 'INT64' };
    case 'flag':
      return { type: 'BOOLEAN' };
    default:
      return { type: 'BYTE_ARRAY', converted_type: 'UTF8' };
  }
}

const schemaOf = (columns: readonly SelectedColumn[]): SchemaElement[] => [
  { name: 'export', num_children: columns.length },
  ...columns.map(({ name, type }): SchemaElement => ({ name, repetition_type: 'OPTIONAL', ...elementOf(type) })),
];

function valueOf(type: ColumnType, text: string | null): string | bigint | number | boolean | undefined {
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
