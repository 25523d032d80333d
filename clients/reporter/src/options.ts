import type { RetryOptions } from './backoff.js';
import { LINE_BYTES_MAX } from './event.js';
import type { RejectedEvent } from './rejected-file.js';
import type { ApiKey } from './transport.js';

export interface ReporterOptions {
  /** Where the service is: https://billing.example.com */
  readonly url: string;
  /** A key with the scope `usage:write`; a function where keys are rotated: it is asked before each request. */
  readonly apiKey: ApiKey;
  /** A directory of this reporter's own, on a disk that outlives the process. */
  readonly dir: string;
  /** Who reports, where an event does not say so: different for each of the reporters that number their events themselves. */
  readonly source: string;
  /** A batch is sent once so many events wait. */
  readonly batchEventsMax?: number;
  /** A batch is sent once so many bytes wait. */
  readonly batchBytesMax?: number;
  /** No event waits longer than this for others to be sent with. */
  readonly flushIntervalMs?: number;
  /** Events that wait to be written to disk take no more memory; `report` waits instead. */
  readonly memoryBytesMax?: number;
  /** A file is finished at this size; it is deleted once all of it is settled. */
  readonly segmentBytesMax?: number;
  readonly requestTimeoutMs?: number;
  readonly retry?: Partial<RetryOptions>;
  /** `always`: a reported event survives a power failure. `interval`: it survives a crash of the process, and a power failure after a moment. */
  readonly fsync?: 'always' | 'interval';
  readonly fsyncIntervalMs?: number;
  readonly gzip?: boolean;
  /** Told of each event that the service did not take, after it stands in rejected.ndjson. */
  readonly onRejected?: (event: RejectedEvent) => void;
  readonly fetch?: typeof fetch;
  /** The wall clock, in ms since 1970. */
  readonly now?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

type Defaulted = Omit<Required<ReporterOptions>, 'retry' | 'onRejected'>;

export interface Settings extends Defaulted {
  readonly retry: RetryOptions;
  readonly onRejected: ReporterOptions['onRejected'];
}

const KIB = 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Options with their defaults.
 * @throws RangeError or TypeError, naming the option
 */
export function settingsOf(options: ReporterOptions): Settings {
  const settings: Settings = {
    batchEventsMax: 1000,
    batchBytesMax: 1024 * KIB,
    flushIntervalMs: 1000,
    memoryBytesMax: 8 * 1024 * KIB,
    segmentBytesMax: 16 * 1024 * KIB,
    requestTimeoutMs: 30_000,
    fsync: 'always',
    fsyncIntervalMs: 1000,
    gzip: true,
    onRejected: undefined,
    fetch: (...request) => fetch(...request),
    now: Date.now,
    random: Math.random,
    ...options,
    retry: { firstMs: 500, maxMs: 60_000, ...options.retry },
  };
  if (!/^https?:$/.test(new URL(settings.url).protocol))
    throw new TypeError(`url must begin with http:// or https://, not ${settings.url}.`);
  for (const name of ['dir', 'source'] as const) if (settings[name] === '') throw new TypeError(`${name} must not be empty.`);
  if (!['always', 'interval'].includes(settings.fsync)) throw new TypeError(`fsync must be "always" or "interval", not ${settings.fsync}.`);
  const line = LINE_BYTES_MAX + 1;
  check({
    batchEventsMax: [settings.batchEventsMax, 1, Infinity],
    batchBytesMax: [settings.batchBytesMax, line, Infinity],
    flushIntervalMs: [settings.flushIntervalMs, 0, DAY_MS],
    memoryBytesMax: [settings.memoryBytesMax, line, Infinity],
    segmentBytesMax: [settings.segmentBytesMax, 1, Infinity],
    requestTimeoutMs: [settings.requestTimeoutMs, 1, DAY_MS],
    fsyncIntervalMs: [settings.fsyncIntervalMs, 0, DAY_MS],
    'retry.firstMs': [settings.retry.firstMs, 1, DAY_MS],
    'retry.maxMs': [settings.retry.maxMs, settings.retry.firstMs, DAY_MS],
  });
  return settings;
}

function check(limits: Readonly<Record<string, readonly [value: number, min: number, max: number]>>): void {
  for (const [name, [value, min, max]] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw new RangeError(
        `${name} must be a whole number ${max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`}, not ${value}.`,
      );
}
