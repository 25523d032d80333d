import type { FastifyInstance } from 'fastify';
import { withRequestId } from '../telemetry/request-context.js';

const QUIET_PREFIXES = ['/health/'];

/** Every request has an id, which its answer, its log line and its audit entries bear. */
export function registerContext(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('request-id', request.id);
    withRequestId(request.id, done);
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
