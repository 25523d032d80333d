import type { Outcome } from './answer.js';
import { pauseMs, type RetryOptions, slowPauseMs } from './backoff.js';
import type { Backlog } from './backlog.js';
import { type Problem, problemOf } from './problem.js';
import type { RejectedEvent, RejectedFile } from './rejected-file.js';
import type { Lines } from './segments.js';
import { Signal } from './signal.js';
import type { Counters } from './stats.js';
import type { Transport } from './transport.js';

export interface SenderOptions {
  readonly backlog: Backlog;
  readonly transport: Pick<Transport, 'send'>;
  readonly rejected: Pick<RejectedFile, 'add'>;
  readonly counters: Counters;
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly flushIntervalMs: number;
  readonly retry: RetryOptions;
  readonly onRejected: ((event: RejectedEvent) => void) | undefined;
  readonly onProblem: (problem: Problem) => void;
  readonly onTaken: () => void;
  readonly now: () => number;
  readonly random: () => number;
}

type Taken = Extract<Outcome, { kind: 'taken' }>;

/** So many batches must pass before larger ones are tried after a refusal: a gateway's limit is met now and then only, not at every other request. */
const PASSED_BEFORE_GROWING = 4;

/**
 * Sends what the backlog holds, oldest first, one batch at a time, again and again until the service has answered for each event. It reads
 * each batch from the disk, so that it needs no more memory after a week without the service than after a second.
 */
export class Sender {
  /** Since the service last took a batch. */
  failuresInARow = 0;

  private batchEvents: number;
  private passed = 0;
  private hurriedUpTo = 0;
  private isRepeat = false;
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();
  /** Something was stored, or somebody cannot wait. Not heard in a pause after a failure. */
  private readonly work = new Signal();
  /** Somebody cannot wait, or it is over: ends a pause. */
  private readonly nudge = new Signal();
  private readonly settled = new Signal();

  constructor(private readonly options: SenderOptions) {
    this.batchEvents = options.batchEventsMax;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Something was stored. */
  notify(): void {
    this.work.fire();
  }

  /** True once all that is stored now is settled; false where it stops before. */
  async flush(): Promise<boolean> {
    const { backlog } = this.options;
    const target = backlog.progress.stored;
    this.hurriedUpTo = target;
    this.work.fire();
    this.nudge.fire();
    while (backlog.progress.settled < target) {
      if (this.isStopping) return false;
      await this.settled.wait();
    }
    return true;
  }

  /** Gives up what is under way; it stays in the backlog. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.work.fire();
    this.nudge.fire();
    await this.running;
    this.settled.fire();
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      if (this.options.backlog.pendingEvents === 0) await this.work.wait();
      else if (await this.untilDue()) await this.tryNext();
    }
  }

  /** False where it stops before. */
  private async untilDue(): Promise<boolean> {
    const { flushIntervalMs } = this.options;
    const dueAtMs = performance.now() + flushIntervalMs;
    for (let leftMs = flushIntervalMs; leftMs > 0 && !this.isDue && !this.isStopping; leftMs = dueAtMs - performance.now())
      await this.work.wait(leftMs);
    return !this.isStopping;
  }

  private get isDue(): boolean {
    const { backlog, batchEventsMax, batchBytesMax } = this.options;
    if (backlog.pendingEvents >= batchEventsMax || backlog.pendingBytes >= batchBytesMax) return true;
    return this.hurriedUpTo > backlog.progress.settled || this.failuresInARow > 0 || this.batchEvents < batchEventsMax;
  }

  private async tryNext(): Promise<void> {
    try {
      await this.sendNext();
    } catch (error) {
      // The disk failed: what cannot be read is not sent, and what cannot be set aside is not passed over.
      await this.fail(problemOf(error));
    }
  }

  private async sendNext(): Promise<void> {
    const { backlog, transport, counters, batchBytesMax } = this.options;
    const lines = await backlog.read({ eventsMax: this.batchEvents, bytesMax: batchBytesMax });
    counters.requests += 1;
    if (this.isRepeat) counters.retried += 1;
    this.isRepeat = true;
    const outcome = await transport.send(lines, this.stopping.signal);
    if (outcome.kind === 'taken') await this.take(lines, outcome);
    else if (this.isStopping) return;
    else if (outcome.kind === 'failed') return this.fail(outcome.problem, outcome);
    else if (lines.events > 1) this.split(lines, outcome.problem);
    else await this.refuse(lines, outcome.problem);
    this.isRepeat = false;
  }

  private async take(lines: Lines, taken: Taken): Promise<void> {
    this.failuresInARow = 0;
    this.options.onTaken();
    await this.settle(lines, taken);
    this.passed += 1;
    if (this.passed < PASSED_BEFORE_GROWING) return;
    this.passed = 0;
    this.batchEvents = Math.min(this.batchEvents * 2, this.options.batchEventsMax);
  }

  /** Half as many next time: at last the one event that is refused stands alone. */
  private split(lines: Lines, problem: Problem): void {
    this.options.counters.split += 1;
    this.options.onProblem(problem);
    this.batchEvents = Math.floor(lines.events / 2);
    this.passed = 0;
  }

  /** Sets a lone event aside; then a pause, so that a gateway that refuses everything does not empty the backlog in a moment. */
  private async refuse(lines: Lines, problem: Problem): Promise<void> {
    const code = problem.code ?? `http_${problem.status ?? 0}`;
    await this.settle(lines, { accepted: 0, duplicates: 0, notTaken: [{ index: 0, status: 'rejected', code, pointer: undefined }] });
    await this.fail(problem);
  }

  /** First onto the disk what was not taken, then on: a crash in between sends the batch again. */
  private async settle(lines: Lines, { accepted, duplicates, notTaken }: Omit<Taken, 'kind'>): Promise<void> {
    const { backlog, rejected, counters, onRejected, onProblem, now } = this.options;
    const setAside = notTaken.length === 0 ? [] : await rejected.add(lines, notTaken, new Date(now()).toISOString());
    counters.accepted += accepted;
    counters.duplicates += duplicates;
    for (const { status } of notTaken) counters[status === 'conflict' ? 'conflicts' : 'rejected'] += 1;
    await backlog.settle(lines);
    for (const event of setAside) {
      try {
        onRejected?.(event);
      } catch (error) {
        onProblem({ message: `onRejected threw: ${problemOf(error).message}` });
      }
    }
    this.settled.fire();
  }

  private async fail(problem: Problem, { slow = false, retryAfterMs = 0 } = {}): Promise<void> {
    const { onProblem, retry, random } = this.options;
    this.failuresInARow += 1;
    onProblem(problem);
    const untilMs = performance.now() + retryAfterMs;
    for (let leftMs = retryAfterMs; leftMs > 0 && !this.isStopping; leftMs = untilMs - performance.now()) await this.nudge.wait(leftMs);
    if (!this.isStopping) await this.nudge.wait(slow ? slowPauseMs(retry, random) : pauseMs(this.failuresInARow, retry, random));
  }
}
