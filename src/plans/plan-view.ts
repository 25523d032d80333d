import { type Instant, formatInstant } from '../domain/instant.js';
import type { CurrentPlan } from './current-plans.js';
import type { PlanContent, PlanVersionRow } from './plan.entity.js';
import type { PlanVersionView, PlanView } from './plans.dto.js';

const textOf = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

export const planVersionView = ({ plan, version, effectiveAt, content, createdAt }: PlanVersionRow): PlanVersionView => ({
  key: plan,
  ...shownContent(content),
  version,
  effectiveAt: textOf(effectiveAt),
  createdAt: formatInstant(createdAt),
});

export const planView = (plan: CurrentPlan): PlanView => ({
  key: plan.key,
  ...shownContent(plan.content),
  version: plan.version,
  newestVersion: plan.newestVersion,
  effectiveAt: textOf(plan.effectiveAt),
  archivedAt: textOf(plan.archivedAt),
  createdAt: formatInstant(plan.createdAt),
  updatedAt: formatInstant(plan.updatedAt),
});

/** The order of fields that people read; the database keeps them in its own. */
const shownContent = ({
  name,
  product,
  currency,
  interval,
  trialDays,
  prorationBasis,
  minimumCommitment,
  entitlements,
  defaultFor = [],
  taxRates,
  prices,
}: PlanContent): Omit<Required<PlanContent>, 'taxRates'> & { taxRates: readonly string[] | null } => ({
  name,
  product,
  currency,
  interval,
  trialDays,
  prorationBasis,
  minimumCommitment,
  entitlements,
  defaultFor,
  taxRates: taxRates ?? null,
  prices,
});
