import { createWriteStream, type ReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import { Jobs } from '../common/jobs/jobs.js';
import { CONFIG, type Config } from '../config.js';
import { DAY, formatInstant, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import {
  dueToExpire,
  type ExportFile,
  type FileManifest,
  findFile,
  insertFile,
  markExpired,
  markFailed,
  markFinished,
  markRunning,
  type StoredRequest,
} from './export-files.js';
import { type ExportRequest, fileNameOf } from './export-request.js';
import { Exports } from './exports.service.js';

const TASK = 'exports.write';
const EXPIRY = 'exports.expire';

/** Exports that a worker writes to a file, which is there as a whole or not at all. */
@Injectable()
export class BackgroundExports implements OnModuleInit {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly exports: Exports,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(TASK, (payload) => this.write((payload as { id: string }).id));
    this.jobs.everyMinute(EXPIRY, () => this.expire());
  }

  async request(tx: Tx, actor: Actor, request: ExportRequest): Promise<ExportFile> {
    const requestedAt = this.clock.now();
    const id = newId('exp', requestedAt);
    const stored = storedOf(request);
    await insertFile(tx, { id, request: stored, requestedAt });
    await this.audit.record(tx, { actor, action: 'export.requested', subjectType: 'export', subjectId: id, after: stored });
    await this.jobs.add(tx, TASK, { id }, { key: `${TASK}:${id}` });
    return this.one(tx, id);
  }

  /** @throws Refusal `export_not_found` */
  async one(tx: Tx, id: string): Promise<ExportFile> {
    const file = await findFile(tx, id);
    if (!file) throw new Refusal('not_found', 'export_not_found', `There is no export "${id}".`);
    return file;
  }

  /** Done again from its beginning where it was killed: the file and its manifest appear together. What is refused is kept as its failure. */
  async write(id: string): Promise<void> {
    if (!(await this.database.transaction((tx) => markRunning(tx, id)))) return;
    const { request } = await this.database.transaction((tx) => this.one(tx, id));
    try {
      const manifest = await this.written(id, requestedOf(request));
      await this.database.transaction(async (tx) => {
        const at = this.clock.now();
        await markFinished(tx, { id, manifest, at, expiresAt: at + BigInt(this.config.exportDays) * DAY });
        const { rows, totals, sha256 } = manifest;
        const after = { rows, totals, sha256 };
        await this.audit.record(tx, { actor: SYSTEM, action: 'export.finished', subjectType: 'export', subjectId: id, after });
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const failure = { code: error.code, detail: error.detail, errors: error.problems };
      await this.database.transaction((tx) => markFailed(tx, { id, failure, at: this.clock.now() }));
    }
  }

  /** @throws Refusal `export_not_finished`, `export_expired`, `export_file_missing` */
  async download({ id, request, status, expiresAt }: ExportFile): Promise<ReadStream> {
    if (status === 'expired' || (expiresAt !== null && expiresAt <= this.clock.now()))
      throw new Refusal('not_found', 'export_expired', `The file of the export "${id}" is no longer kept: export it again.`);
    if (status !== 'finished')
      throw new Refusal('conflict', 'export_not_finished', `The export "${id}" is ${status}: it can be downloaded once it is finished.`);
    try {
      return (await open(this.pathOf(id, request))).createReadStream();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new Refusal(
        'conflict',
        'export_file_missing',
        `The file of the export "${id}" is not on this machine: let all processes share DATA_DIR, or ask the one that wrote it.`,
      );
    }
  }

  /** Removes files whose time is over. What is known of them stays. */
  async expire(): Promise<void> {
    const files = await this.database.transaction((tx) => dueToExpire(tx, this.clock.now()));
    for (const { id, request } of files) {
      await rm(this.pathOf(id, request), { force: true });
      await this.database.transaction((tx) => markExpired(tx, id));
    }
  }

  private async written(id: string, request: ExportRequest): Promise<FileManifest> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = this.pathOf(id, request);
    const part = `${path}.part`;
    try {
      const { manifest, bytes, sha256 } = await this.exports.open(request);
      const file = createWriteStream(part, { mode: 0o600, flush: true });
      await pipeline(bytes, file);
      await rename(part, path);
      return { ...manifest, sha256: sha256().toString('hex'), bytes: file.bytesWritten };
    } finally {
      await rm(part, { force: true });
    }
  }

  private get folder(): string {
    return join(this.config.dataDir, 'exports');
  }

  private pathOf(id: string, request: Pick<ExportRequest, 'dataset' | 'layout' | 'format'>): string {
    return join(this.folder, `${id}-${fileNameOf(request)}`);
  }
}

const storedOf = ({ from, to, ...rest }: ExportRequest): StoredRequest => ({
  ...rest,
  from: from === undefined ? undefined : formatInstant(from),
  to: to === undefined ? undefined : formatInstant(to),
});

const requestedOf = ({ dataset, format, from, to, after, layout, mapping, bom }: StoredRequest): ExportRequest => ({
  dataset,
  format,
  from: from === undefined ? undefined : parseInstant(from),
  to: to === undefined ? undefined : parseInstant(to),
  after,
  layout,
  mapping,
  bom,
});
