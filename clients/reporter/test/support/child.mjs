// A process that reports, to be killed, told to stop, or left without room. Says on its standard output what it was promised.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { reporter: module, options, first = 0, count, width, perSecond, events, deadlineMs, then, listener } = JSON.parse(process.argv[2]);
const { drainOnSignals, Reporter } = await import(module);

const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const reporter = new Reporter(options);
await reporter.open();
if (listener) process.on('SIGTERM', () => void reporter.close().then(() => setTimeout(() => process.exit(7), 50)));
drainOnSignals(reporter, { deadlineMs });

let next = first;
const memory = { peak: 0, begun: 0 };
const measure = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  memory.peak = Math.max(memory.peak, heapUsed + external);
  memory.begun ||= memory.peak;
};
if (globalThis.gc) measure();

const lines = events && readFileSync(events, 'utf8').split('\n');
const eventOf = (n) => (lines ? JSON.parse(lines[n]) : { type: 'node.state', subject: 'acme', data: { node: 'n1', nodes: n } });
const begunMs = performance.now();
const due = (n) => sleep(begunMs + ((n - first) / perSecond) * 1000 - performance.now());

async function work() {
  while (next < first + count) {
    const n = next++;
    if (perSecond) await due(n);
    if (globalThis.gc && n % 20_000 === 0) measure();
    try {
      const { id } = await reporter.report(eventOf(n));
      if (!globalThis.gc) say('stored', n, id);
    } catch (error) {
      if (!error.cause.code) return; // it is closed
      say('refused', n, error.event.id, error.cause.code);
    }
  }
}
await Promise.all(Array.from({ length: width }, work));
if (globalThis.gc) measure();
say('done', memory.peak - memory.begun);
if (then === 'close') say('closed', await reporter.close({ deadlineMs }), JSON.stringify(reporter.stats()));
else setInterval(() => undefined, 1000);
