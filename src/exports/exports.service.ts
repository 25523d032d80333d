import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { ExportRequest } from './export-request.js';
import { beginExport, type Begun } from './begin-export.js';
import type { Chunk } from './formats/format.js';
import { FORMAT } from './formats/formats.js';
import { type ExportManifest, totalsOf } from './manifest.js';
import { AccountingMappingsService } from './mappings/accounting-mappings.service.js';
import type { MappingContent } from './mappings/mapping-content.js';
import { distinctSql, type Parameters, rowsSql, type Selection, selectionOf, totalsSql } from './selection.js';
import { SnapshotReader, type TextRow } from './snapshot-reader.js';

/** An export whose first byte may be sent: all that can be refused was looked at. */
export interface OpenExport {
  readonly manifest: ExportManifest;
  /** An error breaks the stream off: what came is not to be taken for the whole. Its end or its destruction gives the connection back. */
  readonly bytes: Readable;
  /** SHA-256 of all bytes, once they were read. */
  readonly sha256: () => Buffer;
}

/** Rows of a dataset from one snapshot, in their order, as the bytes of a file. */
@Injectable()
export class Exports {
  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly clock: Clock,
    private readonly mappings: AccountingMappingsService,
  ) {}

  /** @throws Refusal what `manifest` throws */
  async open(request: ExportRequest): Promise<OpenExport> {
    const mapping = await this.mappingOf(request);
    const reader = await SnapshotReader.open(this.source);
    try {
      const { selection, parameters, manifest } = await this.look(reader, request, mapping);
      const format = FORMAT[request.format];
      const rows = reader.batches(rowsSql(selection, format.expressions(selection.columns)), parameters);
      const hash = createHash('sha256');
      const chunks = format.write(selection.columns, counted(rows, manifest.rows), request);
      const bytes = Readable.from(hashed(chunks, hash), { highWaterMark: 1 });
      bytes.once('close', () => void reader.close());
      return { manifest, bytes, sha256: () => hash.copy().digest() };
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  /**
   * What an export would come to. It has no cursor: only who took the rows may go on from there.
   * @throws Refusal `accounting_mapping_not_found`, `accounting_mapping_incomplete`, `invalid_cursor`, `cursor_elsewhere`, `recorded_elsewhere`
   */
  async manifest(request: ExportRequest): Promise<ExportManifest> {
    const mapping = await this.mappingOf(request);
    const reader = await SnapshotReader.open(this.source);
    try {
      const { manifest } = await this.look(reader, request, mapping);
      return { ...manifest, nextCursor: null };
    } finally {
      await reader.close();
    }
  }

  private async look(
    reader: SnapshotReader,
    request: ExportRequest,
    mapping: MappingContent | undefined,
  ): Promise<{ selection: Selection; parameters: Parameters; manifest: ExportManifest }> {
    const selection = selectionOf(request);
    const begun = await beginExport(reader, request);
    const parameters: Parameters = [begun.from, begun.to, begun.after, mapping === undefined ? null : JSON.stringify(mapping)];
    if (selection.layout && mapping) await refuseUnmapped(reader, { selection, parameters, mapping });
    const found = await reader.rows(totalsSql(selection), parameters);
    return { selection, parameters, manifest: { ...this.header(request, begun), ...totalsOf(selection, found) } };
  }

  private header(
    { dataset, format, layout, mapping, after }: ExportRequest,
    { from, to, nextCursor }: Begun,
  ): Omit<ExportManifest, 'rows' | 'totals'> {
    return {
      dataset,
      format,
      layout: layout ?? null,
      mapping: layout === undefined ? null : (mapping ?? layout),
      from,
      to,
      after: after ?? null,
      snapshotAt: formatInstant(this.clock.now()),
      nextCursor,
    };
  }

  private async mappingOf({ layout, mapping }: ExportRequest): Promise<MappingContent | undefined> {
    if (layout === undefined) return undefined;
    return (await this.mappings.byKey(this.source.manager, mapping ?? layout)).content;
  }
}

interface ToMap {
  readonly selection: Selection;
  readonly parameters: Parameters;
  readonly mapping: MappingContent;
}

async function refuseUnmapped(reader: SnapshotReader, { selection, parameters, mapping }: ToMap): Promise<void> {
  const { layout } = selection;
  if (!layout) return;
  const rows = await reader.rows(distinctSql(selection, layout.needs), parameters);
  const problems = layout.problems(rows, mapping);
  if (problems.length === 0) return;
  throw new Refusal(
    'unprocessable',
    'accounting_mapping_incomplete',
    `The layout ${layout.name} cannot say what ${String(problems.length)} things of this range are: complete the accounting mapping, then export again.`,
    problems,
  );
}

/** The control totals were counted by themselves: the rows must be as many. */
async function* counted(batches: AsyncIterable<readonly TextRow[]>, expected: number): AsyncGenerator<readonly TextRow[]> {
  let rows = 0;
  for await (const batch of batches) {
    rows += batch.length;
    yield batch;
  }
  if (rows !== expected) throw new RangeError(`an export has ${String(rows)} rows, and should have ${String(expected)}`);
}

async function* hashed(chunks: AsyncIterable<Chunk>, hash: ReturnType<typeof createHash>): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
