import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { PlanContent } from './plan.entity.js';

/** A plan with the version that is in force at some instant. */
export interface CurrentPlan {
  readonly key: string;
  readonly newestVersion: number;
  readonly archivedAt: Instant | null;
  readonly revision: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly version: number;
  readonly effectiveAt: Instant | null;
  readonly content: PlanContent;
}

export interface CurrentPlansQuery {
  readonly at: Instant;
  readonly limit: number;
  readonly key?: string;
  readonly product?: string;
  readonly after?: { readonly createdAt: string; readonly key: string };
}

/** Plans, newest first, each with the version in force at `at`. Walks the plans in memory: a catalog has hundreds, not millions. */
export async function currentPlans(tx: Tx, { at, limit, key, product, after }: CurrentPlansQuery): Promise<CurrentPlan[]> {
  return await tx.query<CurrentPlan[]>(
    `select p.key, p.newest_version as "newestVersion", p.archived_at as "archivedAt", p.revision, p.created_at as "createdAt",
            p.updated_at as "updatedAt", v.version, v.effective_at as "effectiveAt", v.content
     from plan p
     cross join lateral (
       select version, effective_at, content from plan_version
       where plan = p.key and (effective_at is null or effective_at <= $1)
       order by effective_at desc nulls last, version desc limit 1) v
     where ($2::text is null or p.key = $2)
       and ($3::text is null or v.content ->> 'product' = $3)
       and ($4::timestamptz is null or (p.created_at, p.key) < ($4, $5))
     order by p.created_at desc, p.key desc
     limit $6`,
    [formatInstant(at), key ?? null, product ?? null, after?.createdAt ?? null, after?.key ?? null, limit],
  );
}
