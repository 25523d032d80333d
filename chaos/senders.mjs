import { Agent, request } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sleep } from './random.mjs';

const pack = promisify(gzip);
const ANSWER_WITHIN_MS = 60_000;

/** Ways to send events. */
export const FORMS = {
  batch: { type: 'application/json', text: (lines) => `{"events":[${lines.join(',')}]}` },
  packed: { type: 'application/json', text: (lines) => `{"events":[${lines.join(',')}]}`, packed: true },
  single: { type: 'application/cloudevents+json', text: ([line]) => line },
  stream: { type: 'application/x-ndjson', text: (lines) => `${lines.join('\n')}\n` },
  parts: { type: 'application/x-ndjson', text: (lines) => `${lines.join('\n')}\n`, accept: 'application/x-ndjson' },
};

/** Clients that send what waits in the books, as it is answered or not. */
export class Senders {
  constructor({ books, key, port }) {
    Object.assign(this, { books, key, port });
    this.agent = new Agent({ keepAlive: true });
    this.counts = { requests: 0, stored: 0, refused: 0, lost: 0 };
    this.underWay = 0;
  }

  close() {
    this.agent.destroy();
  }

  /** Hands that send until `goesOn` says no more, or nothing waits. */
  async run({ hands, form, size, goesOn = () => true, pauseMs = 0 }) {
    const ended = () => !goesOn() || (this.books.waitingCount === 0 && this.underWay === 0);
    await Promise.all(
      Array.from({ length: hands }, async () => {
        while (!ended()) {
          const events = this.books.take(size());
          if (events.length === 0) await sleep(20);
          else {
            this.underWay += 1;
            const done = await this.send(FORMS[form], events).finally(() => (this.underWay -= 1));
            if (!done) await sleep(pauseMs);
          }
        }
      }),
    );
  }

  /** Sends once, and notes what came of it. Answers whether all of it was acknowledged. */
  async send({ type, text, packed, accept }, events) {
    const plain = text(events.map((i) => this.books.json(i)));
    const body = packed ? await pack(plain, { level: 1 }) : Buffer.from(plain);
    const headers = {
      authorization: `Bearer ${this.key}`,
      'content-type': type,
      'content-length': body.length,
      ...(packed && { 'content-encoding': 'gzip' }),
      ...(accept && { accept }),
    };
    this.counts.requests += 1;
    const { answer, text: said } = await this.exchange(headers, body);
    if (accept && answer?.statusCode === 200) return this.noteParts(events, said);
    const whole = answer !== undefined && answer.complete;
    if (whole && answer.statusCode === 200) {
      this.books.acknowledge(events, JSON.parse(said));
      this.counts.stored += 1;
      return true;
    }
    if (whole) this.noteRefusal(answer, said);
    else this.counts.lost += 1;
    const untouched = whole && type !== FORMS.stream.type && said.includes('"overloaded"');
    this.books.giveBack(events, { unclear: !untouched });
    return false;
  }

  /** Whatever the answer is, and however far it came. */
  exchange(headers, body) {
    return new Promise((resolve) => {
      let answer;
      let text = '';
      const sent = request({ host: '127.0.0.1', port: this.port, path: '/v2/usage/events', method: 'POST', agent: this.agent, headers });
      const done = () => resolve({ answer, text });
      sent.setTimeout(ANSWER_WITHIN_MS, () => {
        this.books.fault(`no answer within ${ANSWER_WITHIN_MS / 1000} s`);
        sent.destroy();
      });
      sent.on('response', (reply) => {
        answer = reply;
        reply.setEncoding('utf8').on('data', (part) => (text += part));
        reply.on('error', () => undefined).on('close', done);
      });
      sent.on('error', () => undefined).on('close', done);
      sent.end(body);
    });
  }

  /** A line for each part that was committed; the last one may be a problem, or cut off. */
  noteParts(events, said) {
    let [through, whole] = [0, true];
    for (const line of said.split('\n').slice(0, -1)) {
      const part = JSON.parse(line);
      if (part.throughLine === undefined) {
        this.noteProblem(part);
        whole = false;
        break;
      }
      this.books.acknowledge(events.slice(through, part.throughLine), part, through);
      through = part.throughLine;
    }
    if (through === events.length) this.counts.stored += 1;
    else if (whole) this.counts.lost += 1;
    this.books.giveBack(events.slice(through), { unclear: true });
    return through === events.length;
  }

  noteRefusal({ statusCode, headers }, said) {
    const isProblem = (headers['content-type'] ?? '').startsWith('application/problem+json');
    if (!isProblem || statusCode !== JSON.parse(said).status) this.books.fault(`${statusCode} without a problem: ${said.slice(0, 200)}`);
    else this.noteProblem(JSON.parse(said), headers['retry-after']);
  }

  noteProblem({ status, code }, retryAfter = '1') {
    this.counts.refused += 1;
    if ((status !== 503 && status !== 429) || !(Number(retryAfter) > 0)) this.books.fault(`${status} ${code}, Retry-After ${retryAfter}`);
  }
}
