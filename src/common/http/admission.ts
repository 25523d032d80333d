import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Actor, requireScope, type Scope } from '../actor.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { Clock } from '../clock.js';
import { apiKeyOf } from './auth.guard.js';
import { RateLimiter } from './rate-limiter.js';

/** Asks again who sends a request that lasts: its key may have been revoked since it began. */
@Injectable()
export class Admission {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly clock: Clock,
    private readonly limiter: RateLimiter,
  ) {}

  /** @throws Refusal `api_key_revoked`, `api_key_expired`, `missing_scope` */
  async again({ headers }: FastifyRequest, scope: Scope): Promise<Actor> {
    await this.clock.refresh();
    const actor = await this.keys.authenticate(apiKeyOf(headers.authorization));
    requireScope(actor, scope);
    return actor;
  }

  /**
   * Counts a part of a request as one of its own.
   * @throws RateLimited
   */
  count({ id }: Actor, reply: FastifyReply): void {
    this.limiter.take(id, reply);
  }
}
