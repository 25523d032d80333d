import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Scope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { HotReads } from '../common/http/hot-reads.js';
import { accountIdFor } from '../common/ids.js';
import type { FeatureKind } from '../domain/catalog.js';
import { type Check, check } from '../domain/entitlements.js';
import type { Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { rowOf } from './entitlement-rows.js';
import type { EntitlementsView } from './entitlements.dto.js';
import { EntitlementsService } from './entitlements.service.js';
import { FeatureUse } from './feature-use.js';

/** What a read finds, by primary keys alone. */
interface Read {
  readonly revision: bigint;
  /** The body, as JSON. */
  readonly answer: string;
  readonly used: Readonly<Record<string, number>>;
  readonly validUntil: Instant | null;
  /** Whether default plans are as they were when it was computed. */
  readonly current: boolean;
}

interface CheckRead extends Read {
  readonly kind: FeatureKind | null;
  readonly meter: string | null;
}

const COLUMNS = `e.revision, e.answer, e.used, e.valid_until as "validUntil", e.defaults_revision = d.revision as current`;
const FROM = `entitlement e join catalog_revision d on d.catalog = 'default_plans'`;
const ANSWER = `select ${COLUMNS} from ${FROM} where e.account_id = $1`;
const CHECK = `select ${COLUMNS}, f.kind, f.meter from ${FROM} left join feature f on f.key = $2 where e.account_id = $1`;

export interface CheckQuestion {
  /** Keys. */
  readonly account: string;
  readonly feature: string;
  /** How much there would be in all. */
  readonly quantity: number | undefined;
}

/** Answers from the row of an account, which is never out of date: one whose time is over is computed anew first. */
@Injectable()
export class EntitlementReads {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly reads: HotReads,
    private readonly entitlements: EntitlementsService,
    private readonly use: FeatureUse,
  ) {}

  /** @throws Refusal `account_not_found`, and as `HotReads.read` does */
  async answer(request: FastifyRequest, reply: FastifyReply, scope: Scope, account: string): Promise<Pick<Read, 'revision' | 'answer'>> {
    const values = [accountIdFor(account)];
    return await this.current(account, await this.reads.read<Read>(request, reply, scope, { name: 'entitlements', text: ANSWER, values }));
  }

  /** Whether the account may have so much of the feature. @throws Refusal `account_not_found`, `feature_not_found`, and as `HotReads.read` does */
  async check(request: FastifyRequest, reply: FastifyReply, { account, feature, quantity }: CheckQuestion): Promise<Check> {
    const values = [accountIdFor(account), feature];
    const read = await this.reads.read<CheckRead>(request, reply, 'accounts:read', { name: 'entitlement', text: CHECK, values });
    const { answer } = await this.current(account, read);
    if (!read.kind) throw new Refusal('not_found', 'feature_not_found', `There is no feature "${feature}".`);
    const used = read.meter === null ? BigInt(read.used?.[feature] ?? 0) : await this.metered(account, feature);
    const { features } = JSON.parse(answer) as EntitlementsView;
    return check(features[feature], used, quantity === undefined ? undefined : BigInt(quantity));
  }

  private async current(account: string, read: Partial<Read>): Promise<Pick<Read, 'revision' | 'answer'>> {
    const { revision, answer, validUntil, current } = read;
    const stands = current === true && (validUntil === null || (validUntil !== undefined && validUntil > this.clock.now()));
    if (stands && revision !== undefined && answer) return { revision, answer };
    return await this.database.transaction(async (tx) => {
      const accountId = accountIdFor(account);
      await this.entitlements.compute(tx, [accountId]);
      const row = await rowOf(tx, accountId);
      if (!row?.answer)
        throw new Refusal(
          'not_found',
          'account_not_found',
          `There is no account "${account}": create it with PUT /v2/accounts/${account}.`,
        );
      return row;
    });
  }

  private metered(account: string, feature: string): Promise<bigint> {
    return this.database.transaction(async (tx) => (await this.use.all(tx, accountIdFor(account), [feature])).get(feature) ?? 0n);
  }
}
