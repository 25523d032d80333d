import { Body, Controller, HttpCode, Param, Post, Req, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { type Actor, SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { Public } from '../common/http/scopes.js';
import { accountIdOf } from '../common/ids.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { ProviderEvent } from '../providers/port.js';
import { Providers } from '../providers/providers.js';
import { Refunds } from './refunds.js';
import { ResolveAttempt } from './resolve-attempt.js';

/** What providers tell of their own accord. Public: the signature is what lets them in. */
@ApiExcludeController()
@Public()
@Controller({ path: 'providers', version: VERSION_NEUTRAL })
export class ProviderWebhooksController {
  constructor(
    private readonly providers: Providers,
    private readonly resolving: ResolveAttempt,
    private readonly refunds: Refunds,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  @Post(':provider/webhooks')
  @HttpCode(202)
  async receive(@Param('provider') name: string, @Req() request: FastifyRequest, @Body() body: unknown): Promise<{ received: number }> {
    if (!Buffer.isBuffer(body)) throw new Refusal('invalid', 'bad_request', 'Send the event as JSON.');
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([header, value]) => [header, Array.isArray(value) ? value[0] : value]),
    );
    const events = this.providers.named(name).readWebhook({ body, headers });
    for (const event of events) await this.database.transaction((tx) => this.apply(tx, name, event));
    return { received: events.length };
  }

  /** Each event once, however often it is delivered; a state that is final stays. */
  private async apply(tx: Tx, provider: string, event: ProviderEvent): Promise<void> {
    const fresh = await tx.query<unknown[]>(
      'insert into provider_event (provider, event_id, received_at) values ($1, $2, $3) on conflict do nothing returning event_id',
      [provider, event.id, formatInstant(this.clock.now())],
    );
    if (fresh.length === 0) return;
    const actor: Actor = { ...SYSTEM, id: `provider:${provider}` };
    const [subject = '', n = ''] = event.key.split(':');
    if (event.kind === 'charge') await this.resolving.run(tx, { paymentId: subject, n: Number(n), provider }, event.outcome);
    else await this.refunds.resolve(tx, subject, event.outcome);
    const accountId = accountIdOf(subject);
    await this.audit.record(tx, {
      actor,
      action: 'provider_event.processed',
      ...(accountId === undefined ? {} : { accountId }),
      subjectType: 'provider_event',
      subjectId: event.id,
      after: { provider, kind: event.kind, key: event.key, outcome: event.outcome.kind },
    });
  }
}
