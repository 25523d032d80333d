import type { SchemaElement } from 'hyparquet';

/** How Parquet says what a column holds. */
export type ParquetType = Omit<SchemaElement, 'name' | 'repetition_type'>;

export const PARQUET_TEXT: ParquetType = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };

/** Of 64 bits, as a bigint. */
export const PARQUET_INTEGER: ParquetType = { type: 'INT64' };

/** Microseconds of UTC, as a bigint. */
export const PARQUET_INSTANT: ParquetType = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
};

/** Days since 1970-01-01. */
export const PARQUET_DAY: ParquetType = { type: 'INT32', converted_type: 'DATE' };

export const PARQUET_FLAG: ParquetType = { type: 'BOOLEAN' };

const PRECISION = 38;

/** The digits without the point, as a bigint. */
export const parquetDecimal = (scale: number): ParquetType => ({
  type: 'FIXED_LEN_BYTE_ARRAY',
  type_length: 16,
  converted_type: 'DECIMAL',
  scale,
  precision: PRECISION,
});

/** A column that every row has a value in. */
export const required = (name: string, type: ParquetType): SchemaElement => ({ name, ...type, repetition_type: 'REQUIRED' });

export const optional = (name: string, type: ParquetType): SchemaElement => ({ name, ...type, repetition_type: 'OPTIONAL' });
