import { AppendFile, type OpenFile } from './append-file.js';
import { segmentPath } from './segments.js';
import { Signal } from './signal.js';
import { syncDirectory } from './sync-directory.js';

export interface JournalOptions {
  readonly dir: string;
  /** The number of the next segment; no segment has it, nor had it. */
  readonly nextSegment: number;
  readonly segmentBytesMax: number;
  /** Lines that wait to be written take no more than this. */
  readonly memoryBytesMax: number;
  readonly fsync: 'always' | 'interval';
  readonly fsyncIntervalMs: number;
  /** A segment begins: it follows those before it. */
  readonly onSegment: (segment: number) => void;
  /** Lines stand in the newest segment for good. Called before their writers are told. */
  readonly onStored: (stored: { readonly bytes: number; readonly events: number; readonly first: Buffer }) => void;
  /** Something failed that no caller waits for. */
  readonly onProblem: (error: unknown) => void;
  readonly openFile?: OpenFile;
}

interface Waiting {
  readonly line: Buffer;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/** So much is written at once: a copy of it is made for that, beside the lines that wait. */
const GROUP_BYTES = 1024 * 1024;

/**
 * Writes lines to segments in the order given. Lines that come while others are being written are written together afterwards, so that many
 * share one wait for the disk. Each process begins a segment of its own: what an earlier one left is only ever read.
 */
export class Journal {
  private active: AppendFile | undefined;
  private nextSegment: number;
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  private admission = Promise.resolve();
  private writing: Promise<void> | undefined;
  private syncTimer: NodeJS.Timeout | undefined;
  private readonly room = new Signal();

  constructor(private readonly options: JournalOptions) {
    this.nextSegment = options.nextSegment;
  }

  /** Resolves once the line is stored; waits for room first. Rejects, and leaves nothing of the line, where it cannot be written. */
  append(line: Buffer): Promise<void> {
    return new Promise((stored, failed) => {
      this.admission = this.admission.then(async () => {
        while (this.waitingBytes > 0 && this.waitingBytes + line.length > this.options.memoryBytesMax) await this.room.wait();
        this.waiting.push({ line, stored, failed });
        this.waitingBytes += line.length;
        this.writing ??= this.writeWaiting();
      });
    });
  }

  /** Until all that was appended is stored or refused. */
  async idle(): Promise<void> {
    await this.admission;
    while (this.writing) await this.writing;
  }

  /** To be called when idle. */
  async close(): Promise<void> {
    await this.retire();
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.write(this.nextGroup());
    }
    this.writing = undefined;
  }

  private nextGroup(): Waiting[] {
    let [lines, bytes] = [0, 0];
    while (lines < this.waiting.length && bytes < GROUP_BYTES) bytes += this.waiting[lines++]?.line.length ?? 0;
    return this.waiting.splice(0, lines);
  }

  private async write(group: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(group.map(({ line }) => line));
    try {
      const file = (this.active ??= await this.begin());
      await file.append(bytes, { sync: this.options.fsync === 'always' });
      this.options.onStored({ bytes: bytes.length, events: group.length, first: bytes.subarray(0, group[0]?.line.length) });
      for (const { stored } of group) stored();
      if (this.options.fsync === 'interval') this.syncSoon(file);
      if (file.length >= this.options.segmentBytesMax) await this.retire();
    } catch (error) {
      for (const { failed } of group) failed(error);
    } finally {
      this.waitingBytes -= bytes.length;
      this.room.fire();
    }
  }

  private async begin(): Promise<AppendFile> {
    const segment = this.nextSegment;
    this.nextSegment += 1; // also where the rest fails: an empty file may be left behind
    const file = await AppendFile.open(segmentPath(this.options.dir, segment), { length: 0, flags: 'ax', openFile: this.options.openFile });
    try {
      await syncDirectory(this.options.dir);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.options.onSegment(segment);
    return file;
  }

  private syncSoon(file: AppendFile): void {
    this.syncTimer ??= setTimeout(() => {
      this.syncTimer = undefined;
      file.sync().catch(this.options.onProblem);
    }, this.options.fsyncIntervalMs);
  }

  private async retire(): Promise<void> {
    const file = this.active;
    this.active = undefined;
    clearTimeout(this.syncTimer);
    this.syncTimer = undefined;
    if (!file) return;
    try {
      await file.sync();
    } catch (error) {
      this.options.onProblem(error);
    }
    await file.close().catch(this.options.onProblem);
  }
}
