import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Encryption } from '../../common/api-keys/encryption.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { newId } from '../../common/ids.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { SECRET_PREFIX } from '../deliveries/sign.js';

const SECRET_BYTES = 24;
const VALID_MAX = 5;

/** A secret, shown when it is made and never again. */
export interface NewSecret {
  readonly id: string;
  readonly secret: string;
}

interface SealedSecret {
  readonly endpointId: string;
  readonly sealed: string;
}

const VALID = `
  select endpoint_id as "endpointId", sealed from webhook_secret
  where endpoint_id = any($1::text[]) and (expires_at is null or expires_at > $2) order by endpoint_id, created_at desc, id desc`;

/** The secrets that deliveries are signed with. They must be read again to sign, so they are kept encrypted, and not as hashes. */
@Injectable()
export class WebhookSecrets {
  constructor(
    private readonly clock: Clock,
    private readonly encryption: Encryption,
  ) {}

  async create(tx: Tx, endpointId: string): Promise<NewSecret> {
    const at = this.clock.now();
    const id = newId('whs', at);
    const secret = `${SECRET_PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;
    await tx.query('insert into webhook_secret (endpoint_id, id, sealed, created_at) values ($1, $2, $3, $4)', [
      endpointId,
      id,
      this.encryption.seal(secret, endpointId),
      formatInstant(at),
    ]);
    return { id, secret };
  }

  /** Another secret beside those that there are, which end with the overlap. The caller holds the endpoint. @throws Refusal `too_many_secrets` */
  async rotate(tx: Tx, endpointId: string, validUntil: Instant): Promise<NewSecret> {
    const now = formatInstant(this.clock.now());
    const valid = await tx.query<SealedSecret[]>(VALID, [[endpointId], now]);
    if (valid.length >= VALID_MAX)
      throw new Refusal(
        'conflict',
        'too_many_secrets',
        `${String(VALID_MAX)} secrets of the endpoint are valid: wait until one has ended, or rotate with a shorter overlap.`,
      );
    await tx.query('delete from webhook_secret where endpoint_id = $1 and expires_at <= $2', [endpointId, now]);
    await tx.query('update webhook_secret set expires_at = least(expires_at, $2) where endpoint_id = $1', [
      endpointId,
      formatInstant(validUntil),
    ]);
    return this.create(tx, endpointId);
  }

  /** The valid secrets of endpoints, the newest first; without those that cannot be read, as they were sealed with another key. */
  async valid(tx: Tx, endpointIds: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await tx.query<SealedSecret[]>(VALID, [endpointIds, formatInstant(this.clock.now())]);
    const found = new Map<string, string[]>(endpointIds.map((id) => [id, []]));
    for (const { endpointId, sealed } of rows) {
      const secret = this.encryption.open(sealed, endpointId);
      if (secret !== undefined) found.get(endpointId)?.push(secret);
    }
    return found;
  }
}
