import { createGunzip, type Gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from './json.js';

/** Routes whose bodies are read by themselves: their own checks are by event, or over the bytes. */
const RAW = /^\/providers\/|^\/v2\/usage\/events\/?(\?|$)/;

/** The largest body, unpacked. A stream of lines has no limit of its own. */
export const BODY_BYTES_MAX = 8 * 1024 * 1024;

const isRaw = (request: FastifyRequest): boolean => RAW.test(request.url);

/**
 * The content types that are understood; all else is 415. JSON is parsed, but stays bytes on the raw routes; lines of JSON stay a stream.
 * Nest is told to register no parsers of its own.
 */
export function registerBodies(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') {
      done(null, payload);
      return;
    }
    if (encoding !== 'gzip') {
      done(failure(415, 'unsupported_encoding', `The content-encoding "${encoding}" is not understood: send gzip, or none.`));
      return;
    }
    const gunzip = createGunzip() as Gunzip & { receivedEncodedLength: number };
    gunzip.receivedEncodedLength = 0; // compared with content-length by fastify
    payload.on('data', (chunk: Buffer) => {
      gunzip.receivedEncodedLength += chunk.length;
    });
    gunzip.once('error', (error) => Object.assign(error, { statusCode: 400, code: 'invalid_gzip' }));
    payload.once('error', (error) => gunzip.destroy(error));
    payload.pipe(gunzip);
    delete request.headers['content-encoding'];
    done(null, gunzip);
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(/^application\/([\w.-]+\+)?json(;.*)?$/, { parseAs: 'buffer' }, (request, body, done) => {
    if (isRaw(request)) {
      done(null, body);
      return;
    }
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    try {
      done(null, parseJson(body.toString('utf8')));
    } catch (error) {
      done(error as Error);
    }
  });
  fastify.addContentTypeParser('application/x-ndjson', (_request, payload, done) => {
    done(null, payload);
  });
}

const failure = (statusCode: number, code: string, message: string): Error => Object.assign(new Error(message), { statusCode, code });
