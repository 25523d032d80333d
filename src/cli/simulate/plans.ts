import type { PlanVersion } from '../../domain/catalog.js';
import { planProblems } from '../../domain/catalog-rules.js';
import { PutPlanDto } from '../../plans/plans.dto.js';
import { planContentOf } from '../../plans/put-plan.js';
import { body, type Problems } from './bodies.js';
import type { Records } from './records.js';

/** The body of a plan as its first version; `undefined`, with what is wrong noted, where it is none. */
export function readPlan(record: Records, pointer: string, problems: Problems): PlanVersion | undefined {
  const key = keyOf(record, pointer, problems);
  const dto = body(PutPlanDto, record, pointer, problems);
  if (!dto) return undefined;
  const plan: PlanVersion = { plan: key, version: 1, ...planContentOf(dto) };
  problems.add(pointer, planProblems(plan));
  return plan;
}

export function keyOf(given: Records, pointer: string, problems: Problems): string {
  if (typeof given['key'] === 'string') return given['key'];
  problems.say(`${pointer}/key`, 'missing', 'Must be a key, such as "node-hours".');
  return '';
}
