import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import type { AccountKind, PlanVersion } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import type { PlanContent, PlanVersionRow } from './plan.entity.js';

/** The plans that accounts of a kind hold without a subscription. */
export interface Defaults {
  readonly versions: readonly PlanVersion[];
  /** When another version of one of them takes effect. */
  readonly changeAt: Instant | null;
}

interface VersionRow {
  readonly plan: string;
  readonly version: number;
  readonly effectiveAt: Instant | null;
  readonly content: PlanContent;
}

/** All versions of plans that are sold and in any of their versions are a default, oldest first. */
const VERSIONS = `
  select v.plan, v.version, v.effective_at as "effectiveAt", v.content
  from plan p join plan_version v on v.plan = p.key
  where p.archived_at is null and exists (
    select 1 from plan_version d where d.plan = p.key and jsonb_array_length(coalesce(d.content -> 'defaultFor', '[]')) > 0)
  order by v.plan, v.version`;

/** Whatever changes a default plan raises a revision, by which every process sees that what it computed for accounts is out of date. */
@Injectable()
export class DefaultPlans {
  /** The default plans of each kind of account, as they are at the instant. One query. */
  async at(tx: Tx, at: Instant): Promise<Readonly<Record<AccountKind, Defaults>>> {
    const rows = await tx.query<VersionRow[]>(VERSIONS);
    return { user: defaultsFor('user', rows, at), organization: defaultsFor('organization', rows, at) };
  }

  /** To be read before the plans: what is computed with newer plans than it says is only computed once more. */
  async revision(tx: Tx): Promise<bigint> {
    const [row] = await tx.query<{ revision: bigint }[]>(`select revision from catalog_revision where catalog = 'default_plans'`);
    return row?.revision ?? 0n;
  }

  /** @throws Refusal `default_plan_taken`: a product has one default plan for a kind of account */
  async versionAdded(
    tx: Tx,
    { plan, content }: Pick<PlanVersionRow, 'plan' | 'content'>,
    before?: Pick<PlanVersionRow, 'content'>,
  ): Promise<void> {
    if (!content.defaultFor && !before?.content.defaultFor) return;
    await raise(tx);
    await refuseTaken(tx, plan, content);
  }

  /** A plan was archived, or is sold again. @throws Refusal `default_plan_taken` */
  async archived(tx: Tx, plan: string): Promise<void> {
    const rows = await tx.query<Pick<VersionRow, 'content'>[]>('select content from plan_version where plan = $1', [plan]);
    const ever = rows.filter(({ content }) => content.defaultFor);
    if (ever.length === 0) return;
    await raise(tx);
    for (const { content } of ever) await refuseTaken(tx, plan, content);
  }
}

async function refuseTaken(tx: Tx, plan: string, { product, defaultFor = [] }: PlanContent): Promise<void> {
  const others = (await tx.query<VersionRow[]>(VERSIONS)).filter((row) => row.plan !== plan && row.content.product === product);
  for (const kind of defaultFor) {
    const taken = others.find(({ content }) => content.defaultFor?.includes(kind));
    if (taken)
      throw new Refusal(
        'conflict',
        'default_plan_taken',
        `The plan "${taken.plan}" is, was or will be the default of the product "${product}" for a ${kind}: archive it first, or choose another product.`,
      );
  }
}

const raise = (tx: Tx): Promise<unknown> => tx.query(`update catalog_revision set revision = revision + 1 where catalog = 'default_plans'`);

function defaultsFor(kind: AccountKind, rows: readonly VersionRow[], at: Instant): Defaults {
  const inForce = new Map<string, VersionRow>();
  for (const row of rows) if (row.effectiveAt === null || row.effectiveAt <= at) inForce.set(row.plan, row);
  const changes = rows.flatMap(({ effectiveAt }) => (effectiveAt !== null && effectiveAt > at ? [effectiveAt] : []));
  return {
    versions: [...inForce.values()]
      .filter(({ content }) => content.defaultFor?.includes(kind))
      .map(({ plan, version, content }) => ({ plan, version, ...content })),
    changeAt: changes.reduce<Instant | null>((first, change) => (first === null || change < first ? change : first), null),
  };
}
