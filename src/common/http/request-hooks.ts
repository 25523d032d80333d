import type { FastifyInstance, FastifyRequest } from 'fastify';
import { newRequestId } from '../ids.js';
import { inContext } from '../telemetry/request-context.js';
import { REASON_HEADER, reasonOf } from './reason.js';

const QUIET_PREFIXES = ['/health/'];
const REQUEST_ID_HEADER = 'x-request-id';
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;

/** The caller's own id of the request, where it sends one that can stand in a log, else one of ours. */
export function requestIdOf({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newRequestId();
}

/** Every request has an id, which its answer, its log line and its audit entries bear, and may have a reason, for the latter. */
export function registerContext(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header(REQUEST_ID_HEADER, request.id);
    const given = request.headers[REASON_HEADER];
    try {
      const reason = typeof given === 'string' ? reasonOf(given) : undefined;
      inContext({ id: request.id, ...(reason !== undefined && { reason }) }, done);
    } catch (error) {
      done(error as Error);
    }
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    if (!QUIET_PREFIXES.some((prefix) => request.url.startsWith(prefix)))
      request.log.info(
        {
          requestId: request.id,
          method: request.method,
          route: request.routeOptions.url,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
        },
        'request',
      );
    done();
  });
}
