import { Body, Controller, HttpCode, Param, Post, Req, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../common/http/scopes.js';
import { Refusal } from '../../domain/refusal.js';
import { Providers } from '../../providers/providers.js';
import { ProviderEvents } from './provider-events.js';

/** What providers tell of their own accord. Public: the signature is what lets them in. Answered once it is kept; a job deals with it. */
@ApiExcludeController()
@Public()
@Controller({ path: 'providers', version: VERSION_NEUTRAL })
export class ProviderWebhooksController {
  constructor(
    private readonly providers: Providers,
    private readonly events: ProviderEvents,
  ) {}

  @Post(':provider/webhooks')
  @HttpCode(202)
  async receive(@Param('provider') name: string, @Req() request: FastifyRequest, @Body() body: unknown): Promise<{ received: number }> {
    if (!Buffer.isBuffer(body)) throw new Refusal('invalid', 'bad_request', 'Send the event as JSON.');
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([header, value]) => [header, Array.isArray(value) ? value[0] : value]),
    );
    const notifications = await this.providers.named(name).readWebhook({ body, headers });
    await this.events.keep(name, notifications);
    return { received: notifications.length };
  }
}
