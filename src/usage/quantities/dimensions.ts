import type { Meter, UsageFilter } from '../../domain/catalog.js';
import { propertyText } from '../../domain/metering/filter.js';
import type { UsageQuestion } from '../../domain/metering/question.js';

/** A property and the values, as texts to compare by, that a filter admits of it. */
export interface Condition {
  readonly property: string;
  readonly admitted: readonly string[];
}

/** All that the filters demand. */
export const conditionsOf = (...filters: readonly (UsageFilter | undefined)[]): Condition[] =>
  filters.flatMap((filter) =>
    Object.entries(filter ?? {}).map(([property, values]) => ({
      property,
      admitted: values.map((value) => propertyText({ value }, 'value') ?? value),
    })),
  );

/** Whether rollups tell apart all that the question does. */
export const isDeclared = ({ groupBy = [] }: Meter, question: Pick<UsageQuestion, 'groupBy' | 'filter'>): boolean =>
  [...(question.groupBy ?? []), ...Object.keys(question.filter ?? {})].every((property) => groupBy.includes(property));

/* A group as it is kept: a JSON list of the values of the meter's properties. */

/** SQL for the values asked for, of the column `grp`; nothing is read of it where nothing is asked for. */
export function groupValuesSql({ groupBy = [] }: Meter, question: Pick<UsageQuestion, 'groupBy'>): string {
  const positions = (question.groupBy ?? []).map((property) => groupBy.indexOf(property));
  return positions.length === 0
    ? `'{}'::text[]`
    : `array[${positions.map((position) => `coalesce(grp::jsonb ->> ${String(position)}, '')`).join(', ')}]`;
}

/** SQL that lets the groups pass that the question's filter admits; `parameter` is a list of lists of values, in the filter's order. */
export function groupFilterSql({ groupBy = [] }: Meter, { filter }: Pick<UsageQuestion, 'filter'>, parameter: string): string {
  const properties = Object.keys(filter ?? {});
  if (properties.length === 0) return `${parameter}::jsonb is not null`;
  return properties
    .map((property, i) => `coalesce(${parameter}::jsonb -> ${String(i)} ? (grp::jsonb ->> ${String(groupBy.indexOf(property))}), false)`)
    .join(' and ');
}

/** Whether a question takes all groups together. */
export const admitsAll = ({ filter }: Pick<UsageQuestion, 'filter'>): boolean => Object.keys(filter ?? {}).length === 0;

/** The parameter of `groupFilterSql`. */
export const groupFilterValue = ({ filter }: Pick<UsageQuestion, 'filter'>): string =>
  JSON.stringify(conditionsOf(filter).map(({ admitted }) => admitted));
