import { Backlog } from './backlog.js';
import { complete, type CompleteEvent, lineOf, NotStoredError, type UsageEvent } from './event.js';
import { Journal } from './journal.js';
import { type Lock, lockDirectory } from './lock.js';
import { type ReporterOptions, type Settings, settingsOf } from './options.js';
import { type Problem, problemOf } from './problem.js';
import { RejectedFile } from './rejected-file.js';
import { Sender } from './sender.js';
import { noCounts, type ReporterStats } from './stats.js';
import { makeDirectory } from './sync-directory.js';
import { Transport } from './transport.js';

export { type CompleteEvent, type EventValue, NotStoredError, type UsageEvent } from './event.js';
export { DirectoryInUseError } from './lock.js';
export type { ReporterOptions } from './options.js';
export type { RejectedEvent } from './rejected-file.js';
export { drainOnSignals } from './signals.js';
export type { ReporterStats } from './stats.js';

/** What exists while the reporter is open. */
interface Parts {
  readonly lock: Lock;
  readonly backlog: Backlog;
  readonly journal: Journal;
  readonly rejected: RejectedFile;
  readonly sender: Sender;
}

const CLOSE_DEADLINE_MS = 10_000;

/** Reports usage events: what `report` resolved for is delivered, also after a crash, also days later; each event counts once. */
export class Reporter {
  private readonly settings: Settings;
  private readonly counters = noCounts();
  private parts: Parts | undefined;
  private opening: Promise<void> | undefined;
  private closing: Promise<boolean> | undefined;
  private lastError: ReporterStats['lastError'] = null;
  private lastDeliveredAt: string | null = null;

  /** @throws RangeError or TypeError for options that make no sense */
  constructor(options: ReporterOptions) {
    this.settings = settingsOf(options);
  }

  /**
   * Takes the directory, finds what an earlier process left there, and begins to send.
   * @throws DirectoryInUseError
   */
  open(): Promise<void> {
    return (this.opening ??= this.start().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    }));
  }

  /**
   * Resolves once the event is stored: from then on it will be delivered. Waits where events come faster than the disk takes them.
   * @returns the event as it will be sent, with its id
   * @throws NotStoredError where the disk is full or fails, or the reporter is closed; TypeError, RangeError for an event that cannot be sent
   */
  async report(event: UsageEvent): Promise<CompleteEvent> {
    const { journal } = this.opened();
    const completed = complete(event, { source: this.settings.source, nowMs: this.settings.now() });
    const line = lineOf(completed);
    try {
      if (this.closing) throw new Error('the reporter is closed');
      await journal.append(line);
    } catch (error) {
      this.counters.notStored += 1;
      throw new NotStoredError(completed, error);
    }
    return completed;
  }

  /**
   * Sends at once what was reported so far, and resolves once the service has answered for each of these events, however long that takes:
   * to true, or to false where the reporter is closed before.
   */
  async flush(): Promise<boolean> {
    const { journal, sender } = this.opened();
    await journal.idle();
    return sender.flush();
  }

  /**
   * Takes no more events, sends what is pending for at most so long, and lets go of the directory. What is left is sent after the next start.
   * @returns whether nothing is left
   */
  close({ deadlineMs = CLOSE_DEADLINE_MS }: { readonly deadlineMs?: number } = {}): Promise<boolean> {
    return (this.closing ??= this.finish(deadlineMs));
  }

  /** What was done since `open`, and what stands in the way. */
  stats(): ReporterStats {
    const { accepted, duplicates } = this.counters;
    const backlog = this.parts?.backlog;
    return {
      ...this.counters,
      delivered: accepted + duplicates,
      pendingEvents: backlog?.pendingEvents ?? 0,
      pendingBytes: backlog?.pendingBytes ?? 0,
      oldestPendingAt: backlog?.oldestPendingAt ?? null,
      lastDeliveredAt: this.lastDeliveredAt,
      failuresInARow: this.parts?.sender.failuresInARow ?? 0,
      lastError: this.lastError,
    };
  }

  private opened(): Parts {
    if (!this.parts) throw new Error('The reporter is not open: await open() first.');
    return this.parts;
  }

  private async start(): Promise<void> {
    const { dir } = this.settings;
    if (this.closing) throw new Error('The reporter is closed: make another one.');
    await makeDirectory(dir);
    const lock = await lockDirectory(dir);
    try {
      const backlog = await Backlog.open(dir, (error) => this.note(problemOf(error)));
      this.counters.recovered = backlog.recovered;
      this.parts = this.assemble(lock, backlog);
    } catch (error) {
      await lock.release();
      throw error;
    }
    this.parts.sender.start();
  }

  private assemble(lock: Lock, backlog: Backlog): Parts {
    const { settings, counters } = this;
    const rejected = new RejectedFile(settings.dir);
    const sender = new Sender({
      ...settings,
      backlog,
      rejected,
      counters,
      transport: new Transport(settings),
      onProblem: (problem) => this.note(problem),
      onTaken: () => {
        this.lastError = null;
        this.lastDeliveredAt = this.nowText();
      },
    });
    const journal = new Journal({
      ...settings,
      nextSegment: backlog.nextSegment,
      onSegment: (segment) => backlog.begin(segment),
      onStored: (stored) => {
        backlog.grow(stored);
        counters.reported += stored.events;
        sender.notify();
      },
      onProblem: (error) => this.note(problemOf(error)),
    });
    return { lock, backlog, journal, rejected, sender };
  }

  private async finish(deadlineMs: number): Promise<boolean> {
    await this.opening?.catch(() => undefined); // open() itself rejected
    if (!this.parts) return true;
    const { lock, backlog, journal, rejected, sender } = this.parts;
    try {
      await journal.idle();
      const deadline = setTimeout(() => void sender.stop(), deadlineMs);
      await sender.flush();
      clearTimeout(deadline);
      await sender.stop();
      await journal.close();
      await rejected.close();
      await backlog.close();
    } finally {
      await lock.release();
    }
    return backlog.pendingEvents === 0;
  }

  private note(problem: Problem): void {
    this.lastError = { at: this.nowText(), ...problem };
  }

  private nowText(): string {
    return new Date(this.settings.now()).toISOString();
  }
}
