import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireScope, type Scope } from '../actor.js';
import { ApiKeysService, type RowOrNulls } from '../api-keys/api-keys.service.js';
import { Clock } from '../clock.js';
import type { Statement } from '../database/database.js';
import { apiKeyOf } from './auth.guard.js';
import { RateLimiter } from './rate-limiter.js';

/** For routes that must be quick: who asks and what they ask for are read in one round trip. */
@Injectable()
export class HotReads {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly clock: Clock,
    private readonly limiter: RateLimiter,
  ) {}

  /**
   * The one row of the statement, for a key with the scope; its fields are null where there is none.
   * @throws Refusal `missing_api_key`, `invalid_api_key`, `api_key_revoked`, `api_key_expired`, `missing_scope`
   */
  async read<Row extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    scope: Scope,
    statement: Statement,
  ): Promise<RowOrNulls<Row>> {
    await this.clock.refresh();
    const { actor, row } = await this.keys.authenticateReading<Row>(apiKeyOf(request.headers.authorization), statement);
    this.limiter.take(actor.id, reply);
    requireScope(actor, scope);
    return row;
  }
}
