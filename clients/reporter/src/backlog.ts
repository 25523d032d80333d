import { rm } from 'node:fs/promises';
import { loadCursor, type Position, saveCursor } from './cursor.js';
import { LINE_BYTES_MAX } from './event.js';
import { type Lines, measure, readLines, segmentPath, segmentsIn } from './segments.js';

interface Segment {
  readonly number: number;
  /** Where its last line ends. */
  end: number;
}

/** What is stored and not settled yet: where it stands, how much it is, and how it is settled. It holds no event in memory. */
export class Backlog {
  private stored: number;
  private settled = 0;
  private bytes: number;
  private oldestTime: string | null = null;

  private constructor(
    private readonly dir: string,
    /** Oldest first. The last one grows. */
    private readonly segments: Segment[],
    private position: Position,
    /** How many events an earlier process left. */
    readonly recovered: number,
    private readonly onProblem: (error: unknown) => void,
  ) {
    this.stored = recovered;
    this.bytes = segments.reduce((sum, { number, end }) => sum + end - this.beginIn(number), 0);
  }

  /** Looks at what an earlier process left in the directory. */
  static async open(dir: string, onProblem: (error: unknown) => void): Promise<Backlog> {
    const cursor = await loadCursor(dir);
    const segments: Segment[] = [];
    let recovered = 0;
    for (const number of await segmentsIn(dir)) {
      if (cursor && number < cursor.segment) {
        await rm(segmentPath(dir, number), { force: true });
        continue;
      }
      const from = number === cursor?.segment ? cursor.offset : 0;
      const { events, end } = await measure(segmentPath(dir, number), from);
      segments.push({ number, end });
      recovered += events;
    }
    const position = cursor ?? { segment: segments[0]?.number ?? 1, offset: 0 };
    const backlog = new Backlog(dir, segments, position, recovered, onProblem);
    await backlog.discardSettled(Infinity);
    await backlog.look();
    return backlog;
  }

  /**
   * A number that no segment had before. Never one that the cursor names: a power failure may have taken lines that were delivered, and what
   * is written in their place would lie before the cursor.
   */
  get nextSegment(): number {
    return Math.max(this.position.segment, this.segments.at(-1)?.number ?? 0) + 1;
  }

  get pendingEvents(): number {
    return this.stored - this.settled;
  }

  get pendingBytes(): number {
    return this.bytes;
  }

  /** The `time` of the oldest event that is not settled. */
  get oldestPendingAt(): string | null {
    return this.oldestTime;
  }

  /** How many events there were in all, and how many of them are settled: they settle in the order in which they were stored. */
  get progress(): { readonly stored: number; readonly settled: number } {
    return { stored: this.stored, settled: this.settled };
  }

  begin(segment: number): void {
    this.segments.push({ number: segment, end: 0 });
  }

  /** Lines were added to the newest segment. */
  grow({ bytes, events, first }: { readonly bytes: number; readonly events: number; readonly first: Buffer }): void {
    const active = this.segments.at(-1);
    if (!active) throw new Error('Lines were stored before a segment began.');
    if (this.pendingEvents === 0) this.oldestTime = timeOf(first);
    active.end += bytes;
    this.bytes += bytes;
    this.stored += events;
  }

  /** The oldest lines that are not settled. To be asked only where there are some. */
  async read(limits: { readonly eventsMax: number; readonly bytesMax: number }): Promise<Lines> {
    const segment = this.segments.find(({ number, end }) => end > this.beginIn(number));
    if (!segment) throw new Error(`Nothing is left in ${this.dir}, although ${this.pendingEvents} events are pending.`);
    this.position = { segment: segment.number, offset: this.beginIn(segment.number) };
    return readLines(segmentPath(this.dir, segment.number), { ...limits, from: this.position.offset, end: segment.end });
  }

  /**
   * The lines read last are delivered, or set aside. A cursor that cannot be saved (the disk is full) stops nothing: at worst they are sent
   * again after a crash, and to delete what is settled makes room.
   */
  async settle({ bytes, events }: Lines): Promise<void> {
    this.position = { segment: this.position.segment, offset: this.position.offset + bytes.length };
    this.settled += events;
    this.bytes -= bytes.length;
    if (this.pendingEvents === 0) this.oldestTime = null;
    await saveCursor(this.dir, this.position).catch(this.onProblem);
    await this.discardSettled(this.segments.at(-1)?.number ?? 0);
    await this.look();
  }

  /** To be called when nothing will be stored any more. */
  async close(): Promise<void> {
    await this.discardSettled(Infinity);
  }

  private async look(): Promise<void> {
    if (this.pendingEvents === 0) return;
    try {
      this.oldestTime = timeOf((await this.read({ eventsMax: 1, bytesMax: LINE_BYTES_MAX + 1 })).bytes);
    } catch (error) {
      this.onProblem(error);
    }
  }

  /** Deletes segments before the given one of which nothing is left to send. */
  private async discardSettled(before: number): Promise<void> {
    for (let first = this.segments[0]; first && first.number < before; first = this.segments[0]) {
      if (first.end > this.beginIn(first.number)) return;
      try {
        await rm(segmentPath(this.dir, first.number), { force: true });
      } catch (error) {
        this.onProblem(error);
        return;
      }
      this.segments.shift();
    }
  }

  /** Where what is not settled begins in a segment. */
  private beginIn(segment: number): number {
    if (segment < this.position.segment) return Infinity;
    return segment === this.position.segment ? this.position.offset : 0;
  }
}

function timeOf(line: Buffer): string | null {
  try {
    const { time } = JSON.parse(line.toString('utf8')) as { readonly time?: unknown };
    return typeof time === 'string' ? time : null;
  } catch {
    return null;
  }
}
