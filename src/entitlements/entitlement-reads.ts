import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccountsService } from '../accounts/accounts.service.js';
import type { RowOrNulls } from '../common/api-keys/api-keys.service.js';
import type { Scope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { type HotRead, HotReads } from '../common/http/hot-reads.js';
import { accountIdFor } from '../common/ids.js';
import { type Check, check } from '../domain/entitlements.js';
import type { Instant } from '../domain/instant.js';
import { type EntitlementRow, rowOf } from './entitlement-rows.js';
import type { EntitlementsView } from './entitlements.dto.js';
import { EntitlementsService } from './entitlements.service.js';
import { FeatureUse } from './feature-use.js';

/** What a read finds, by primary keys alone. */
interface Read {
  /** The body, as JSON. */
  readonly answer: string;
  readonly validUntil: Instant | null;
}

type AnswerRow = Read & Pick<EntitlementRow, 'revision'>;
type CheckRow = Read & Pick<EntitlementRow, 'used'>;

const ANSWER = `select e.revision, e.answer, e.valid_until as "validUntil" from entitlement e where e.account_id = q.id`;
const CHECK = `select e.answer, e.used, e.valid_until as "validUntil" from entitlement e where e.account_id = q.id`;

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
  private readonly answerOf: HotRead<AnswerRow>;
  private readonly checkedOf: HotRead<CheckRow>;

  constructor(
    reads: HotReads,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly entitlements: EntitlementsService,
    private readonly use: FeatureUse,
  ) {
    this.answerOf = reads.reader('entitlements', ANSWER);
    this.checkedOf = reads.reader('entitlement', CHECK);
  }

  /** @throws Refusal `account_not_found`, and as a `HotRead` does */
  async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    scope: Scope,
    account: string,
  ): Promise<Pick<EntitlementRow, 'revision' | 'answer'>> {
    const read = await this.answerOf(request, reply, scope, accountIdFor(account));
    return this.stands(read) ? read : await this.fresh(account);
  }

  /** Whether the account may have so much of the feature. @throws Refusal `account_not_found`, `feature_not_found`, and as a `HotRead` does */
  async check(request: FastifyRequest, reply: FastifyReply, { account, feature, quantity }: CheckQuestion): Promise<Check> {
    const read = await this.checkedOf(request, reply, 'accounts:read', accountIdFor(account));
    const { answer, used } = this.stands(read) ? read : await this.fresh(account);
    const { features } = JSON.parse(answer) as EntitlementsView;
    const wanted = quantity === undefined ? undefined : BigInt(quantity);
    const entitlement = features[feature];
    if (entitlement === undefined) return check(undefined, await this.known(account, feature), wanted);
    const amount = used[feature];
    return check(entitlement, amount === null ? await this.known(account, feature) : BigInt(amount ?? 0), wanted);
  }

  private stands<Found extends Read>(read: RowOrNulls<Found>): read is Found {
    const { answer, validUntil } = read;
    return answer !== null && answer !== '' && (validUntil === null || validUntil > this.clock.now());
  }

  /** The row, computed now. @throws Refusal `account_not_found` */
  private fresh(account: string): Promise<EntitlementRow> {
    return this.database.transaction(async (tx) => {
      await this.accounts.byKey(tx, account);
      await this.entitlements.compute(tx, [accountIdFor(account)]);
      const row = await rowOf(tx, accountIdFor(account));
      if (!row) throw new RangeError(`the entitlements of ${account} were not computed`);
      return row;
    });
  }

  /** What is used of a feature that is not granted, or whose meter tells. @throws Refusal `feature_not_found` */
  private known(account: string, feature: string): Promise<bigint> {
    return this.database.transaction((tx) => this.use.one(tx, accountIdFor(account), feature));
  }
}
