import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireScope, type Scope } from '../actor.js';
import { ApiKeysService, type RowOrNulls } from '../api-keys/api-keys.service.js';
import { Clock } from '../clock.js';
import { apiKeyOf } from './auth.guard.js';
import { RateLimiter } from './rate-limiter.js';

export type HotRead<Row> = (request: FastifyRequest, reply: FastifyReply, scope: Scope, id: string) => Promise<RowOrNulls<Row>>;

/** For routes that must be quick: who asks and what they ask for are read in one round trip, for all requests that come at once. */
@Injectable()
export class HotReads {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly clock: Clock,
    private readonly limiter: RateLimiter,
  ) {}

  /**
   * A way to read the row of `text` for `q.id`, of which there is one or none (then its fields are null), for requests whose key has the scope.
   * It throws Refusal `missing_api_key`, `invalid_api_key`, `api_key_revoked`, `api_key_expired`, `missing_scope`.
   */
  reader<Row extends object>(name: string, text: string): HotRead<Row> {
    const authenticate = this.keys.authenticatorReading<Row>(name, text);
    return async (request, reply, scope, id) => {
      await this.clock.refresh();
      const { actor, row } = await authenticate(apiKeyOf(request.headers.authorization), id);
      this.limiter.take(actor.id, reply);
      requireScope(actor, scope);
      return row;
    };
  }
}
