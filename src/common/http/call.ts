import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../domain/refusal.js';
import type { Actor } from '../actor.js';
import { etagOf } from './etag.js';

/** One request, as a use case sees it: who asks, and under which conditions. */
export interface Call {
  readonly actor: Actor;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** What stands after the question mark; empty where nothing does. */
  readonly query: string;
  readonly body: unknown;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  /** Set where an earlier answer is given again. */
  readonly replayed: () => void;
}

/** A request that the guard let through. */
export interface AuthenticatedRequest extends FastifyRequest {
  actor: Actor;
}

export const CurrentCall = createParamDecorator((_data: unknown, context: ExecutionContext): Call => {
  const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
  const reply = context.switchToHttp().getResponse<{ header: (name: string, value: string) => unknown }>();
  const [path, ...query] = request.url.split('?');
  const [idempotencyKey, ifMatch] = [headerOf(request, 'idempotency-key'), headerOf(request, 'if-match')];
  return {
    actor: request.actor,
    requestId: request.id,
    method: request.method,
    path: path ?? request.url,
    query: query.join('?'),
    body: request.body,
    replayed: () => void reply.header('idempotency-replayed', 'true'),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
});

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * Honours If-Match; `undefined` for a resource that did not exist before.
 * @throws Refusal `precondition_failed`
 */
export function checkIfMatch(call: Pick<Call, 'ifMatch'>, version: number | bigint | string | undefined): void {
  if (call.ifMatch === undefined) return;
  const wanted = call.ifMatch.split(',').map((tag) => tag.trim());
  const met = version === undefined ? false : wanted.includes('*') || wanted.includes(etagOf(version));
  if (!met)
    throw new Refusal(
      'precondition_failed',
      'precondition_failed',
      'The resource was changed since you read it: read it again, and send its new ETag in If-Match.',
    );
}
