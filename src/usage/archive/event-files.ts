import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { fileWriter } from 'hyparquet-writer';
import { PARQUET_INSTANT, PARQUET_INTEGER, PARQUET_TEXT, type ParquetType, required } from '../../common/parquet/elements.js';
import { type ParquetRows, RowGroups } from '../../common/parquet/row-groups.js';
import { Content, type EventRow } from './event-rows.js';

/* Events as Parquet: instants in microseconds of UTC, data as JSON text, as exact as it was. Read group by group, too. */

const COLUMNS = {
  account_id: ['accountId', PARQUET_TEXT],
  event_time: ['time', PARQUET_INSTANT],
  event_seq: ['seq', PARQUET_INTEGER],
  source: ['source', PARQUET_TEXT],
  id: ['id', PARQUET_TEXT],
  type: ['type', PARQUET_TEXT],
  sequence: ['sequence', PARQUET_TEXT],
  data: ['data', PARQUET_TEXT],
  received_at: ['receivedAt', PARQUET_INSTANT],
} as const satisfies Record<string, readonly [keyof EventRow, ParquetType]>;

const EVENTS: ParquetRows<EventRow> = {
  name: 'usage_event',
  columns: Object.entries(COLUMNS).map(([name, [property, type]]) => ({ element: required(name, type), valueOf: (row) => row[property] })),
  charactersOf: ({ data, source, id }) => data.length + source.length + id.length,
};

/** A file that events are being written to. */
export class EventFile {
  readonly content = new Content();
  readonly types = new Set<string>();
  lastSeq = 0n;
  private readonly writer: ReturnType<typeof fileWriter>;
  private readonly groups: RowGroups<EventRow>;

  constructor(private readonly path: string) {
    this.writer = fileWriter(path);
    this.groups = new RowGroups(this.writer, EVENTS);
  }

  /** Bytes so far, but for the group of rows that is being collected. */
  get bytes(): number {
    return this.writer.offset;
  }

  async add(rows: readonly EventRow[]): Promise<void> {
    this.content.add(rows);
    for (const { type, seq } of rows) {
      this.types.add(type);
      if (seq > this.lastSeq) this.lastSeq = seq;
    }
    await this.groups.add(rows);
  }

  /** All is on the disk when this returns. */
  async finish(): Promise<void> {
    await this.groups.finish();
    const file = await open(this.path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

type FileRow = Record<keyof typeof COLUMNS, unknown>;

/** The events in a file, group by group. */
export async function* eventsInFile(path: string): AsyncGenerator<EventRow[]> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  let rowStart = 0;
  for (const { num_rows: rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(rows);
    const parsers = { timestampFromMicroseconds: (micros: bigint): bigint => micros };
    const found = (await parquetReadObjects({ file, metadata, rowStart, rowEnd, parsers: parsers })) as FileRow[];
    yield found.map(eventOf);
    rowStart = rowEnd;
  }
}

const eventOf = (row: FileRow): EventRow =>
  Object.fromEntries(Object.entries(COLUMNS).map(([name, [property]]) => [property, row[name as keyof FileRow]])) as unknown as EventRow;

/** What a file says and is, read back from the disk. */
export async function lookedAt(path: string): Promise<{ readonly content: Content; readonly bytes: number; readonly sha256: string }> {
  const content = new Content();
  for await (const rows of eventsInFile(path)) content.add(rows);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { content, bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
