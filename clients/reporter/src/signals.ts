import { constants } from 'node:os';
import type { Reporter } from './reporter.js';

export interface DrainOptions {
  readonly signals?: readonly NodeJS.Signals[];
  /** As for `close`; less than what the process is given between SIGTERM and SIGKILL. */
  readonly deadlineMs?: number;
}

/**
 * Closes the reporter when the process is told to stop, then lets it end as the signal would have ended it. Where others listen to the
 * signal too, its end is left to them. A second signal ends it at once; nothing is lost by that.
 * @returns a function that takes the handlers away
 */
export function drainOnSignals(
  reporter: Pick<Reporter, 'close'>,
  { signals = ['SIGTERM', 'SIGINT'], deadlineMs }: DrainOptions = {},
): () => void {
  const remove = (): void => {
    for (const signal of signals) process.removeListener(signal, drain);
  };
  const drain = (signal: NodeJS.Signals): void => {
    remove();
    const closed = reporter.close(deadlineMs === undefined ? {} : { deadlineMs });
    void closed.catch(console.error).then(() => end(signal));
  };
  for (const signal of signals) process.on(signal, drain);
  return remove;
}

function end(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 0) return;
  process.kill(process.pid, signal);
  // Only reached where the signal is ignored, as it is for the first process of a container.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
}
