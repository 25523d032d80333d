import { type Readable, Transform } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../../config.js';
import { BODY_BYTES_MAX } from './bodies.js';
import { Overloaded } from './overloaded.js';

/** The route whose bodies are large and come in numbers. */
const BOUNDED_ROUTE = '/v2/usage/events';

/** How long what a caller still sends is read and dropped after the answer, so that the answer reaches it; then the connection ends. */
const LINGER_MS = 2_000;

/** The bytes of bodies that may be in memory at once, over all requests of the process. */
@Injectable()
export class BodyRoom {
  private taken = 0;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Whether there was room for so many bytes; what was taken is to be given back. */
  take(bytes: number): boolean {
    if (this.taken + bytes > this.config.intakeBytesMax) return false;
    this.taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.taken -= bytes;
  }
}

/**
 * Refuses bodies for which there is no room: before they are read where their length is declared, else as soon as they exceed it. Their
 * bytes count until the answer is given. A stream of lines takes room by itself, chunk by chunk. To be registered after whatever unpacks.
 */
export function boundBodies(fastify: FastifyInstance, room: BodyRoom): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (request.routeOptions.url !== BOUNDED_ROUTE || isStreamOfLines(request)) {
      done(null, payload);
      return;
    }
    const declared = payload === request.raw ? Number(request.headers['content-length'] ?? Number.NaN) : Number.NaN;
    if (Number.isNaN(declared)) done(null, counted(payload as EncodedPayload, room, reply));
    else if (declared > BODY_BYTES_MAX)
      done(null, payload); // refused for its size, unread
    else if (room.take(declared)) {
      onceAnswered(reply, () => {
        room.give(declared);
      });
      done(null, payload);
    } else done(new Overloaded());
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    endUnread(request);
    done();
  });
}

const isStreamOfLines = ({ headers }: FastifyRequest): boolean =>
  (headers['content-type'] ?? '').toLowerCase().startsWith('application/x-ndjson');

type EncodedPayload = Readable & { readonly receivedEncodedLength?: number };

/** The same bytes, taking room as they come. */
function counted(payload: EncodedPayload, room: BodyRoom, reply: FastifyReply): Transform {
  let held = 0;
  const through = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      if (!room.take(bytes.length)) {
        done(new Overloaded());
        return;
      }
      held += bytes.length;
      done(null, bytes);
    },
  });
  onceAnswered(reply, () => {
    room.give(held);
    held = 0;
  });
  Object.defineProperty(through, 'receivedEncodedLength', { get: () => payload.receivedEncodedLength }); // compared with content-length by fastify
  payload.once('error', (error) => through.destroy(error));
  return payload.pipe(through);
}

/** When the answer is given, or nobody is there to take it. */
function onceAnswered({ raw }: FastifyReply, release: () => void): void {
  let released = false;
  const once = (): void => {
    if (released) return;
    released = true;
    release();
  };
  raw.once('finish', once).once('close', once);
}

/** A request that was answered before its body was read whole would hold its connection for ever. */
function endUnread({ raw }: FastifyRequest): void {
  if (raw.destroyed || (raw.complete as boolean | undefined) !== false) return; // a request that never was on a connection does not say
  raw.unpipe();
  raw.resume();
  const { socket } = raw;
  const timer = setTimeout(() => {
    if (!raw.complete) socket.destroy();
  }, LINGER_MS);
  socket.once('close', () => {
    clearTimeout(timer);
  });
}
