import { Injectable } from '@nestjs/common';
import type { Tx } from '../common/database/database.js';
import { defineFact, Hooks } from '../common/hooks.js';
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

/** Told when what accounts hold by default changed, or how features are measured: what was computed for any account is out of date. */
export const defaultsChanged = defineFact<Record<string, never>>('plans.defaults_changed');

const LOCK = 727_004;

@Injectable()
export class DefaultPlans {
  constructor(private readonly hooks: Hooks) {}

  /** The default plans of each kind of account, as they are at the instant. One query. */
  async at(tx: Tx, at: Instant): Promise<Readonly<Record<AccountKind, Defaults>>> {
    const rows = await tx.query<VersionRow[]>(VERSIONS);
    return { user: defaultsFor('user', rows, at), organization: defaultsFor('organization', rows, at) };
  }

  /** Who computes with default plans and who changes them wait for each other, until their transactions end. */
  async hold(tx: Tx): Promise<void> {
    await tx.query('select pg_advisory_xact_lock_shared($1)', [LOCK]);
  }

  /** To be called with whatever changes what accounts hold by default. */
  async changed(tx: Tx): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await this.hooks.tell(tx, defaultsChanged, {});
  }

  /** @throws Refusal `default_plan_taken`: a product has one default plan for a kind of account */
  async versionAdded(
    tx: Tx,
    { plan, content }: Pick<PlanVersionRow, 'plan' | 'content'>,
    before?: Pick<PlanVersionRow, 'content'>,
  ): Promise<void> {
    if (!content.defaultFor && !before?.content.defaultFor) return;
    await this.changed(tx);
    await refuseTaken(tx, plan, content);
  }

  /** A plan was archived, or is sold again. @throws Refusal `default_plan_taken` */
  async archived(tx: Tx, plan: string): Promise<void> {
    const rows = await tx.query<Pick<VersionRow, 'content'>[]>('select content from plan_version where plan = $1', [plan]);
    const ever = rows.filter(({ content }) => content.defaultFor);
    if (ever.length === 0) return;
    await this.changed(tx);
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
