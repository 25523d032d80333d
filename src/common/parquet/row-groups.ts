import type { SchemaElement } from 'hyparquet';
import { ParquetWriter } from 'hyparquet-writer';

/** What is written at once, and so all of the rows that is in memory. */
const GROUP_ROWS_MAX = 10_000;
const GROUP_CHARACTERS_MAX = 4_000_000;

/** A value as the writer takes it; undefined: there is none. */
export type ParquetValue = string | bigint | number | boolean | undefined;

export interface ParquetColumn<Row> {
  readonly element: SchemaElement;
  readonly valueOf: (row: Row) => ParquetValue;
}

export interface ParquetRows<Row> {
  /** What a row is. */
  readonly name: string;
  readonly columns: readonly ParquetColumn<Row>[];
  /** About how long a row is. */
  readonly charactersOf: (row: Row) => number;
}

type Writer = ConstructorParameters<typeof ParquetWriter>[0]['writer'];

/** Rows to Apache Parquet, to be read by any tool that reads it, group by group: one of them is in memory at a time. */
export class RowGroups<Row> {
  private readonly file: ParquetWriter;
  private group: Row[] = [];
  private characters = 0;

  constructor(
    writer: Writer,
    private readonly rows: ParquetRows<Row>,
  ) {
    const { name, columns } = rows;
    const schema = [{ name, num_children: columns.length }, ...columns.map(({ element }) => element)];
    this.file = new ParquetWriter({ writer, schema, createdBy: 'wharfage' });
  }

  async add(rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      this.group.push(row);
      this.characters += this.rows.charactersOf(row);
      if (this.group.length >= GROUP_ROWS_MAX || this.characters >= GROUP_CHARACTERS_MAX) await this.write();
    }
  }

  async finish(): Promise<void> {
    if (this.group.length > 0) await this.write();
    await this.file.finish();
  }

  private async write(): Promise<void> {
    const group = this.group;
    [this.group, this.characters] = [[], 0];
    const columnData = this.rows.columns.map(({ element: { name }, valueOf }) => ({ name, data: group.map(valueOf), offsetIndex: false }));
    await this.file.write({ columnData, rowGroupSize: group.length });
  }
}
