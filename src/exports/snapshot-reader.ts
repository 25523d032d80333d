import type { PoolClient } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';

/** A row as PostgreSQL wrote it: nothing is parsed. */
export type TextRow = readonly (string | null)[];

/** In characters. */
export const lengthOf = (row: TextRow): number => row.reduce((length, value) => length + (value?.length ?? 0), 0);

/** Around one batch: rows of usage may be 64 KiB each, and text of more than 128 KiB stays longer in memory. */
const BATCH_CHARACTERS = 64_000;
const BATCH_ROWS_MAX = 5_000;
const FIRST_ROWS = 200;
const AS_TEXT = { getTypeParser: () => (text: string) => text };

/** One transaction that sees one snapshot and writes nothing, on a connection of its own until it is closed. */
export class SnapshotReader {
  /** What was asked last, without its error: a connection is asked one thing at a time. */
  private asked: Promise<unknown> = Promise.resolve();
  private closing = false;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly client: PoolClient,
  ) {}

  /** A table that is given keeps its parts: the snapshot is taken only then. */
  static async open(source: DataSource, table?: string): Promise<SnapshotReader> {
    const runner = source.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      const reader = new SnapshotReader(runner, client);
      await client.query('begin isolation level repeatable read read only');
      if (table !== undefined) await client.query(`lock table ${table} in access share mode`);
      await client.query(`set local cursor_tuple_fraction = 1`); // all rows are wanted, not the first ones soon
      return reader;
    } catch (error) {
      await runner.release();
      throw error;
    }
  }

  async rows(text: string, values: readonly unknown[] = []): Promise<TextRow[]> {
    const answer = this.client.query<string[]>({ text, values: [...values], rowMode: 'array', types: AS_TEXT });
    this.asked = answer.catch(() => undefined);
    return (await answer).rows;
  }

  /** Rows by the hundred through a cursor, the next ones fetched while these are written: memory does not grow with their number. */
  async *batches(text: string, values: readonly unknown[]): AsyncGenerator<TextRow[]> {
    await this.rows(`declare rows no scroll cursor for ${text}`, values);
    let next = this.fetched(FIRST_ROWS);
    for (;;) {
      const rows = await next;
      if (rows.length === 0) return;
      next = this.fetched(rowsFor(rows));
      next.catch(() => undefined); // told when it is waited for
      yield rows;
    }
  }

  /** Nothing was written. A connection that was lost cannot even roll back: it is given back all the same. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.asked;
    await this.client.query('rollback').catch(() => undefined);
    await this.runner.release();
  }

  /** Once it closes, nothing more is asked of a connection that others will have. */
  private fetched(count: number): Promise<TextRow[]> {
    return this.closing ? Promise.resolve([]) : this.rows(`fetch ${String(count)} from rows`);
  }
}

/** As many rows as make a batch, going by the length of the last ones. */
function rowsFor(rows: readonly TextRow[]): number {
  const characters = rows.reduce((sum, row) => sum + lengthOf(row), 0);
  return Math.max(1, Math.min(BATCH_ROWS_MAX, Math.floor((rows.length * BATCH_CHARACTERS) / Math.max(characters, 1))));
}
