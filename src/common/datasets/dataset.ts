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
  /** The transaction that recorded the row, by which an export goes on where another ended; rows without one are older than all of them. */
  readonly recorded: string;
  /** A total order. */
  readonly order: string;
  /** Columns of money that are added up by currency. */
  readonly totals: readonly string[];
}
