import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { insertOrLock } from '../../common/database/insert-or-lock.js';
import { newestFirst } from '../../common/database/newest-first.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { type Page, page, type PageQuery } from '../../common/http/page.js';
import { newId } from '../../common/ids.js';
import { CONFIG, type Config } from '../../config.js';
import { formatInstant, type Instant, SECOND } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { sameContent } from '../../domain/same-content.js';
import { refuseBadUrl } from './endpoint-url.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { PutWebhookEndpointDto } from './webhook-endpoints.dto.js';
import { type NewSecret, WebhookSecrets } from './webhook-secrets.js';

const OVERLAP_SECONDS = 86_400;
const SUBJECT = 'webhook_endpoint';

type EndpointContent = Pick<WebhookEndpoint, 'url' | 'events' | 'description' | 'enabled'>;

/** Where webhooks go to. Of its secrets nothing is told but once, and nothing is audited but that there is another. */
@Injectable()
export class WebhookEndpointsService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly secrets: WebhookSecrets,
  ) {}

  /**
   * Creates or replaces an endpoint, the same body again changes nothing. The secret is there where it was created.
   * @throws Refusal `invalid_request`, `precondition_failed`
   */
  async put(tx: Tx, call: Call, key: string, input: PutWebhookEndpointDto): Promise<{ endpoint: WebhookEndpoint; secret?: string }> {
    refuseBadUrl(input.url, this.config.webhookAllowPrivate);
    const after = contentOf(input);
    const now = this.clock.now();
    const fresh = { key, id: newId('whe', now), ...after, ...begun(after, now), revision: 1, createdAt: now, updatedAt: now };
    const { row, created } = await insertOrLock(tx, WebhookEndpoint, fresh, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    const audited = { actor: call.actor, subjectType: SUBJECT, subjectId: key, after };
    if (created) {
      await this.audit.record(tx, { ...audited, action: 'webhook_endpoint.created' });
      return { endpoint: row, secret: (await this.secrets.create(tx, row.id)).secret };
    }
    const before = contentOf(row);
    if (sameContent(before, after)) return { endpoint: row };
    const turned = before.enabled === after.enabled ? {} : begun(after, now);
    const changed = { ...after, ...turned, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(WebhookEndpoint).update({ key }, changed);
    await this.audit.record(tx, { ...audited, action: 'webhook_endpoint.changed', before });
    return { endpoint: Object.assign(row, changed) };
  }

  /** Ends it at once, with its secrets; what was not sent yet is not sent any more. @throws Refusal `webhook_endpoint_not_found` */
  async remove(tx: Tx, actor: Actor, key: string): Promise<void> {
    const row = await this.held(tx, key);
    await tx.getRepository(WebhookEndpoint).delete({ key });
    await this.audit.record(tx, {
      actor,
      action: 'webhook_endpoint.deleted',
      subjectType: SUBJECT,
      subjectId: key,
      before: contentOf(row),
    });
  }

  /** Another secret; those before sign, too, until the overlap ends. @throws Refusal `webhook_endpoint_not_found`, `too_many_secrets` */
  async rotateSecret(
    tx: Tx,
    actor: Actor,
    key: string,
    overlapSeconds = OVERLAP_SECONDS,
  ): Promise<NewSecret & { readonly previousValidUntil: Instant }> {
    const { id } = await this.held(tx, key);
    const previousValidUntil = this.clock.now() + BigInt(overlapSeconds) * SECOND;
    const made = await this.secrets.rotate(tx, id, previousValidUntil);
    await this.audit.record(tx, {
      actor,
      action: 'webhook_endpoint.secret_rotated',
      subjectType: SUBJECT,
      subjectId: key,
      after: { secret: made.id, previousValidUntil: formatInstant(previousValidUntil) },
    });
    return { ...made, previousValidUntil };
  }

  /** @throws Refusal `webhook_endpoint_not_found` */
  async byKey(tx: Tx, key: string): Promise<WebhookEndpoint> {
    return found(await tx.getRepository(WebhookEndpoint).findOneBy({ key }), key);
  }

  /** @throws Refusal `webhook_endpoint_not_found`, `webhook_endpoint_disabled` */
  async enabled(tx: Tx, key: string): Promise<WebhookEndpoint> {
    const endpoint = await this.byKey(tx, key);
    if (!endpoint.enabled)
      throw new Refusal(
        'conflict',
        'webhook_endpoint_disabled',
        `The webhook endpoint "${key}" is disabled: enable it with PUT /v2/webhook-endpoints/${key} first.`,
      );
    return endpoint;
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<WebhookEndpoint>> {
    const rows = await newestFirst(tx.getRepository(WebhookEndpoint).createQueryBuilder('webhook_endpoint'), query).getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  private async held(tx: Tx, key: string): Promise<WebhookEndpoint> {
    return found(await tx.getRepository(WebhookEndpoint).findOne({ where: { key }, lock: { mode: 'for_no_key_update' } }), key);
  }
}

function found(row: WebhookEndpoint | null, key: string): WebhookEndpoint {
  if (!row)
    throw new Refusal(
      'not_found',
      'webhook_endpoint_not_found',
      `There is no webhook endpoint "${key}": create it with PUT /v2/webhook-endpoints/${key}.`,
    );
  return row;
}

const contentOf = ({ url, events, description, enabled }: PutWebhookEndpointDto | WebhookEndpoint): EndpointContent => ({
  url,
  events,
  description: description ?? null,
  enabled: enabled ?? true,
});

/** An endpoint that is enabled has not failed yet; one that is not was disabled by whoever says so. */
const begun = ({ enabled }: EndpointContent, now: Instant) => ({
  failingSince: null,
  disabledAt: enabled ? null : now,
  disabledReason: enabled ? null : 'disabled by request',
});
