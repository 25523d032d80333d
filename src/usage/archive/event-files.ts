import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { Content, type EventRow } from './event-rows.js';

/*
 * Events as Apache Parquet, to be read by any tool that reads it: instants in microseconds of UTC, data as JSON text, as exact as it was.
 * Written and read by groups of rows, of which one at a time is in memory.
 */
const GROUP_ROWS_MAX = 20_000;
const GROUP_CHARACTERS_MAX = 16 * 1024 * 1024;

const text = (name: string): SchemaElement => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' });
const instant = (name: string): SchemaElement => ({
  name,
  type: 'INT64',
  converted_type: 'TIMESTAMP_MICROS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  repetition_type: 'REQUIRED',
});

const COLUMNS = {
  account_id: ['accountId', text],
  event_time: ['time', instant],
  event_seq: ['seq', (name: string): SchemaElement => ({ name, type: 'INT64', repetition_type: 'REQUIRED' })],
  source: ['source', text],
  id: ['id', text],
  type: ['type', text],
  sequence: ['sequence', text],
  data: ['data', text],
  received_at: ['receivedAt', instant],
} as const satisfies Record<string, readonly [keyof EventRow, (name: string) => SchemaElement]>;

const SCHEMA: SchemaElement[] = [
  { name: 'usage_event', num_children: Object.keys(COLUMNS).length },
  ...Object.entries(COLUMNS).map(([name, [, element]]) => element(name)),
];

/** A file that events are being written to. */
export class EventFile {
  readonly content = new Content();
  readonly types = new Set<string>();
  private readonly writer: ParquetWriter;
  private group: EventRow[] = [];
  private characters = 0;

  constructor(private readonly path: string) {
    this.writer = new ParquetWriter({ writer: fileWriter(path), schema: SCHEMA, createdBy: 'wharfage' });
  }

  /** Bytes so far, but for the group of rows that is being collected. */
  get bytes(): number {
    return this.writer.writer.offset;
  }

  async add(rows: readonly EventRow[]): Promise<void> {
    this.content.add(rows);
    for (const row of rows) {
      this.types.add(row.type);
      this.group.push(row);
      this.characters += row.data.length + row.source.length + row.id.length;
      if (this.group.length >= GROUP_ROWS_MAX || this.characters >= GROUP_CHARACTERS_MAX) await this.writeGroup();
    }
  }

  /** All is on the disk when this returns. */
  async finish(): Promise<void> {
    if (this.group.length > 0) await this.writeGroup();
    await this.writer.finish();
    const file = await open(this.path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  private async writeGroup(): Promise<void> {
    const group = this.group;
    [this.group, this.characters] = [[], 0];
    const columnData = Object.entries(COLUMNS).map(([name, [property]]) => ({
      name,
      data: group.map((row) => row[property]),
      offsetIndex: false,
    }));
    await this.writer.write({ columnData, rowGroupSize: group.length });
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
