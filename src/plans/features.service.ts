import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { insertOrLock } from '../common/database/insert-or-lock.js';
import { newestFirst } from '../common/database/newest-first.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { type Page, page, type PageQuery } from '../common/http/page.js';
import type { Entitlement } from '../domain/catalog.js';
import { formatInstant } from '../domain/instant.js';
import { type FieldProblem, Refusal, refuseAll } from '../domain/refusal.js';
import { MetersService } from '../meters/meters.service.js';
import { DefaultPlans } from './default-plans.js';
import { Feature } from './feature.entity.js';
import type { PutFeatureDto } from './features.dto.js';

type FeatureContent = Pick<Feature, 'name' | 'kind' | 'meter'>;

@Injectable()
export class FeaturesService {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly meters: MetersService,
    private readonly defaults: DefaultPlans,
  ) {}

  /** Creates a feature, or changes its name or meter; its kind never changes. @throws Refusal `feature_kind_fixed`, `meter_not_found` */
  async put(tx: Tx, call: Call, key: string, { name, kind, meter }: PutFeatureDto): Promise<Feature> {
    const content: FeatureContent = { name, kind, meter: meter ?? null };
    if (kind === 'flag' && content.meter !== null)
      refuseAll([{ pointer: '/meter', code: 'unknown_field', detail: 'Only a limit has a meter: leave it out.' }]);
    if (content.meter !== null) await this.meters.byKey(tx, content.meter);
    const now = this.clock.now();
    const fresh: Feature = { key, ...content, revision: 1, createdAt: now, updatedAt: now };
    const { row, created } = await insertOrLock(tx, Feature, fresh, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    const audited = { actor: call.actor, subjectType: 'feature', subjectId: key, after: content };
    if (created) {
      await this.audit.record(tx, { ...audited, action: 'feature.created' });
      return row;
    }
    if (row.kind !== kind)
      throw new Refusal('conflict', 'feature_kind_fixed', `The feature is a ${row.kind} for good: create one with another key.`);
    if (row.name === name && row.meter === content.meter) return row;
    const before: FeatureContent = { name: row.name, kind: row.kind, meter: row.meter };
    const changed = { ...content, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(Feature).update({ key }, changed);
    await this.audit.record(tx, { ...audited, action: 'feature.changed', before });
    if (before.meter !== content.meter) await this.defaults.changed(tx);
    return Object.assign(row, changed);
  }

  /** @throws Refusal `feature_not_found` */
  async byKey(tx: Tx, key: string): Promise<Feature> {
    const row = await tx.getRepository(Feature).findOneBy({ key });
    if (!row) throw new Refusal('not_found', 'feature_not_found', `There is no feature "${key}": create it with PUT /v2/features/${key}.`);
    return row;
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<Feature>> {
    const rows = await newestFirst(tx.getRepository(Feature).createQueryBuilder('feature'), query).getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /** Features that exist, by key. */
  async byKeys(tx: Tx, keys: readonly string[]): Promise<Map<string, Feature>> {
    if (keys.length === 0) return new Map();
    const rows = await tx.getRepository(Feature).findBy({ key: In([...keys]) });
    return new Map(rows.map((row) => [row.key, row]));
  }

  /** Which of the features are measured by a meter. */
  async metered(tx: Tx, keys: readonly string[]): Promise<Set<string>> {
    return new Set([...(await this.byKeys(tx, keys)).values()].filter(({ meter }) => meter !== null).map(({ key }) => key));
  }

  /** What is granted names features that exist, each by its kind. @throws Refusal `unknown_feature`, `invalid_request` */
  async refuseUnusable(tx: Tx, entitlements: Readonly<Record<string, Entitlement>>, pointer: string): Promise<void> {
    const known = await this.byKeys(tx, Object.keys(entitlements));
    const problems = Object.entries(entitlements).flatMap(([key, entitlement]): FieldProblem[] => {
      const at = `${pointer}/${key}`;
      const kind = known.get(key)?.kind;
      if (kind === undefined)
        return [{ pointer: at, code: 'unknown_feature', detail: `There is no feature "${key}": create it with PUT /v2/features/${key}.` }];
      if (kind === ('limit' in entitlement ? 'limit' : 'flag')) return [];
      const form = kind === 'limit' ? '{ "limit": 10 }' : '{ "enabled": true }';
      return [{ pointer: at, code: 'wrong_feature_kind', detail: `The feature "${key}" is a ${kind}: send ${form}.` }];
    });
    if (problems.some(({ code }) => code === 'unknown_feature'))
      throw new Refusal('unprocessable', 'unknown_feature', 'Entitlements name features that do not exist.', problems);
    refuseAll(problems);
  }
}
