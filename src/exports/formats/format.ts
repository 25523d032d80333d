import type { TextRow } from '../snapshot-reader.js';
import type { SelectedColumn } from '../value-sql.js';

export interface WriteOptions {
  readonly bom: boolean;
}

/** Text stays text until it is sent: encoded early, it would lie about as buffers until they are collected. */
export type Chunk = string | Uint8Array;

/** How rows become the bytes of a file. Memory does not grow with their number. */
export interface Format {
  readonly contentType: string;
  /** What the database is asked for, for each row. */
  readonly expressions: (columns: readonly SelectedColumn[]) => string[];
  readonly write: (
    columns: readonly SelectedColumn[],
    batches: AsyncIterable<readonly TextRow[]>,
    options: WriteOptions,
  ) => AsyncIterable<Chunk>;
}
