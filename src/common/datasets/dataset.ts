import type { Refusal } from '../../domain/refusal.js';
import type { Recorded } from './recorded.js';

/**
 * What a column holds, and so how each format writes it. `code` is text without blanks, commas and quotes (keys, ids, enumerations); `money` is in
 * minor units of the row's column `currency`; `decimal` is numeric, or text that is one; `json` a document.
 */
export type ColumnType = 'text' | 'code' | 'money' | 'decimal' | 'instant' | 'day' | 'integer' | 'flag' | 'json';

export interface DatasetColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Over the tables of the dataset's `from`. */
  readonly sql: string;
  /** Only for layouts, which give it another name. */
  readonly hidden?: true;
}

/** Rows that can be exported: their columns, where they come from, their order. A dataset with money has a column `currency`. */
export interface Dataset {
  /** As in the path: `invoice-lines`. */
  readonly name: string;
  /** What a row is. */
  readonly row: string;
  readonly columns: readonly DatasetColumn[];
  readonly from: string;
  readonly where?: string;
  /** By which instant a range chooses rows. */
  readonly instant: string;
  /** How rows are numbered as they are recorded, by which an export goes on where another ended. */
  readonly recorded: Recorded;
  /** A total order. */
  readonly order: string;
  /** Columns of money that are added up by currency. */
  readonly totals: readonly string[];
  readonly takenAway?: TakenAway;
}

/** A table of which parts are taken away to files. */
export interface TakenAway {
  /** From it nothing is taken while its rows are read. */
  readonly table: string;
  /** SQL for a part that lacks rows of the range from $1 to $2 that were recorded after one of the positions $3; no row where nothing lacks. */
  readonly missing: string;
  readonly refusal: (part: string) => Refusal;
}
