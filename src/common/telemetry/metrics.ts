import { createServer, type Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export const registry = new Registry();

const requests = new Histogram({
  name: 'wharfage_http_request_seconds',
  help: 'Duration of requests, by route and status',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers: [registry],
});

/** Measures every answered request under its route's pattern. */
export function measureRequests(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    requests.observe(
      { method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    );
    done();
  });
}

/** Serves /metrics on a port of its own; `undefined` where the port is 0. */
export function serveMetrics(port: number, host: string): Promise<Server | undefined> {
  if (port === 0) return Promise.resolve(undefined);
  collectDefaultMetrics({ register: registry });
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    void registry.metrics().then((text) => response.setHeader('content-type', registry.contentType).end(text));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      resolve(server);
    });
  });
}
