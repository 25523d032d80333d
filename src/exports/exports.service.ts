import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { ExportRequest } from './export-request.js';
import { BeginExport, type Begun } from './begin-export.js';
import type { Chunk } from './formats/format.js';
import { FORMAT } from './formats/formats.js';
import { type ExportManifest, totalsOf } from './manifest.js';
import { AccountingMappingsService } from './mappings/accounting-mappings.service.js';
import type { MappingContent } from './mappings/mapping-content.js';
import { distinctSql, rowsSql, type Selection, selectionOf, totalsSql } from './selection.js';
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
    private readonly begin: BeginExport,
    private readonly mappings: AccountingMappingsService,
  ) {}

  /** @throws Refusal what `manifest` throws */
  async open(request: ExportRequest): Promise<OpenExport> {
    const { reader, selection, manifest } = await this.look(request);
    try {
      const format = FORMAT[request.format];
      const rows = reader.batches(rowsSql(selection, format.expressions(selection.columns)), selection.parameters);
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
   * @throws Refusal `accounting_mapping_not_found`, `accounting_mapping_incomplete`, `invalid_cursor`, `cursor_elsewhere`, `usage_archived`
   */
  async manifest(request: ExportRequest): Promise<ExportManifest> {
    const { reader, manifest } = await this.look(request);
    await reader.close();
    return { ...manifest, nextCursor: null };
  }

  private async look(request: ExportRequest): Promise<{ reader: SnapshotReader; selection: Selection; manifest: ExportManifest }> {
    const mapping = await this.mappingOf(request);
    const begun = await this.begin.run(request);
    const selection = selectionOf(request, begun, mapping);
    const reader = await SnapshotReader.open(this.source, selection.dataset.takenAway?.table);
    try {
      await refuseMissing(reader, selection);
      if (mapping) await refuseUnmapped(reader, selection, mapping);
      const found = await reader.rows(totalsSql(selection), selection.parameters);
      return { reader, selection, manifest: { ...this.header(request, begun), ...totalsOf(selection, found) } };
    } catch (error) {
      await reader.close();
      throw error;
    }
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

async function refuseMissing(
  reader: SnapshotReader,
  { dataset: { takenAway }, stretches, parameters: [from, to] }: Selection,
): Promise<void> {
  if (!takenAway) return;
  const [[part] = []] = await reader.rows(takenAway.missing, [from, to, stretches.map(({ after }) => after.toString())]);
  if (typeof part === 'string') throw takenAway.refusal(part);
}

async function refuseUnmapped(reader: SnapshotReader, selection: Selection, mapping: MappingContent): Promise<void> {
  const { layout, parameters } = selection;
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
