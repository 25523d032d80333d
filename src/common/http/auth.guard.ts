import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { Refusal } from '../../domain/refusal.js';
import { requireScope, type Scope } from '../actor.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { Clock } from '../clock.js';
import type { AuthenticatedRequest } from './call.js';
import { RateLimiter } from './rate-limiter.js';
import { PUBLIC_METADATA, SCOPE_METADATA } from './scopes.js';

const BEARER = /^Bearer ([\x21-\x7e]{1,300})$/;

/** Lets a request through whose key has the route's scope. A route that names none lets nobody through. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeysService,
    private readonly clock: Clock,
    private readonly limiter: RateLimiter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_METADATA, targets) === true) return true;
    const scope = this.reflector.getAllAndOverride<Scope | undefined>(SCOPE_METADATA, targets);
    if (scope === undefined) throw new Refusal('forbidden', 'missing_scope', 'This route is open to nobody.');
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    refuseNul(request.url);
    await this.clock.refresh();
    request.actor = await this.keys.authenticate(apiKeyOf(request.headers.authorization));
    this.limiter.take(request.actor.id, context.switchToHttp().getResponse<FastifyReply>());
    requireScope(request.actor, scope);
    return true;
  }
}

/** The key that a request bears. @throws Refusal `missing_api_key`, `invalid_api_key` */
export function apiKeyOf(header: string | undefined): string {
  if (header === undefined) throw new Refusal('unauthenticated', 'missing_api_key', 'Send your API key: "Authorization: Bearer whf_…".');
  const key = BEARER.exec(header)?.[1];
  if (key === undefined)
    throw new Refusal('unauthenticated', 'invalid_api_key', 'The Authorization header must read "Bearer", a space, and the API key.');
  return key;
}

/** PostgreSQL holds no NUL, so nothing can be found by one. */
function refuseNul(url: string): void {
  if (/%00/.test(url) || url.includes('\0'))
    throw new Refusal('invalid', 'nul_byte', 'The address contains the NUL character: leave it out.');
}
