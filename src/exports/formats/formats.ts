import { CSV } from './csv.js';
import type { Format } from './format.js';
import { JSONL } from './jsonl.js';
import { PARQUET } from './parquet.js';
import { XLSX } from './xlsx.js';

export const FORMATS = ['csv', 'xlsx', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof FORMATS)[number];

export const FORMAT: Readonly<Record<ExportFormat, Format>> = { csv: CSV, xlsx: XLSX, jsonl: JSONL, parquet: PARQUET };
