import type { Readable } from 'node:stream';
import { Overloaded } from '../../common/http/overloaded.js';
import { parseMarked, UnreadableEvent } from './bodies.js';

/** A part of a stream that is committed as one. */
export interface Chunk {
  /** The position of its first event among all of the stream, from 0. */
  readonly first: number;
  readonly events: readonly unknown[];
  /** The line of each event, counted from 1 with all lines, blank ones too. */
  readonly lines: readonly number[];
}

/** Bytes that may be in memory; see `BodyRoom`. */
export interface Room {
  readonly take: (bytes: number) => boolean;
  readonly give: (bytes: number) => void;
}

const CHUNK_LINES_MAX = 5_000;
const CHUNK_BYTES_MAX = 8 * 1024 * 1024;
const LINE_BYTES_MAX = 64 * 1024;

/**
 * The lines of a stream as events, at most 5,000 and 8 MiB at a time; fewer where there is no room for more. A line that is no JSON, or too
 * long, stands as such to be rejected. Where the stream breaks, the lines since the last chunk are dropped.
 * @throws Overloaded where there is no room for a single line
 */
export async function* chunksOf(body: Readable, room: Room): AsyncGenerator<Chunk> {
  let [first, bytes] = [0, 0];
  let [events, lines]: [unknown[], number[]] = [[], []];
  const next = (): void => {
    room.give(bytes);
    first += events.length;
    [events, lines, bytes] = [[], [], 0];
  };
  try {
    for await (const { text, number } of linesOf(body)) {
      if (text?.trim() === '') continue;
      const event = text === undefined || Buffer.byteLength(text) > LINE_BYTES_MAX ? new UnreadableEvent('line_too_long') : text;
      const length = typeof event === 'string' ? Buffer.byteLength(event) : 0;
      let fits = bytes + length <= CHUNK_BYTES_MAX && room.take(length);
      if (!fits && events.length > 0) {
        yield { first, events, lines };
        next();
        fits = room.take(length);
      }
      if (!fits)
        throw new Overloaded('More events wait to be stored than we keep: what was committed stays. Send the rest again in a second.');
      bytes += length;
      events.push(typeof event === 'string' ? (parseMarked(event) ?? new UnreadableEvent('invalid_json')) : event);
      lines.push(number);
      if (events.length < CHUNK_LINES_MAX) continue;
      yield { first, events, lines };
      next();
    }
    if (events.length > 0) yield { first, events, lines };
  } finally {
    next();
  }
}

interface Line {
  /** Nothing of a line that is far too long. */
  readonly text: string | undefined;
  readonly number: number;
}

/** Line by line, without destroying the stream at the end: whoever sends it is still to be answered. An error of the stream ends it as an error. */
async function* linesOf(body: Readable): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let [line, tooLong, number] = ['', false, 1];
  for await (const bytes of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const [first = '', ...others] = decoder.decode(bytes, { stream: true }).split('\n');
    line += first;
    for (const next of others) {
      yield { text: tooLong ? undefined : line, number };
      number += 1;
      [line, tooLong] = [next, false];
    }
    if (line.length > LINE_BYTES_MAX) [line, tooLong] = ['', true];
  }
  line += decoder.decode();
  if (line !== '' || tooLong) yield { text: tooLong ? undefined : line, number };
}
