import type { Dataset } from '../common/datasets/dataset.js';
import type { Stretch } from '../common/datasets/recorded.js';
import type { Begun } from './begin-export.js';
import { datasetNamed } from './datasets.js';
import type { ExportRequest } from './export-request.js';
import type { Layout } from './layouts/layout.js';
import { layoutNamed } from './layouts/layouts.js';
import type { MappingContent } from './mappings/mapping-content.js';
import type { SelectedColumn } from './value-sql.js';

/** The rows and columns of one export. */
export interface Selection {
  readonly dataset: Dataset;
  readonly layout: Layout | undefined;
  /** As they are written. */
  readonly columns: readonly SelectedColumn[];
  /** What was recorded in one of these. */
  readonly stretches: readonly Stretch[];
  /** Parameters of every statement over the selection: the range, and the accounting mapping. */
  readonly parameters: readonly [from: string | null, to: string | null, mapping: string | null];
}

export function selectionOf(
  { dataset: name, layout: layoutName }: Pick<ExportRequest, 'dataset' | 'layout'>,
  { from, to, stretches }: Begun,
  mapping: MappingContent | undefined,
): Selection {
  const dataset = datasetNamed(name);
  const layout = layoutName === undefined ? undefined : layoutNamed(layoutName);
  const own = dataset.columns.filter(({ hidden }) => !hidden).map(({ name: column, type }) => ({ name: column, type, sql: `r.${column}` }));
  const parameters = [from, to, mapping === undefined ? null : JSON.stringify(mapping)] as const;
  return { dataset, layout, columns: layout?.columns ?? own, stretches, parameters };
}

/** The rows in order, with an expression for each of what is written. They are sorted before they are written out, which makes them longer. */
export const rowsSql = (selection: Selection, expressions: readonly string[]): string =>
  `select ${expressions.join(', ')} from (${sourceSql(selection)} order by ${selection.dataset.order} offset 0) r where ${USES_ALL}`;

/** How many rows, and what they come to by currency. */
export function totalsSql(selection: Selection): string {
  const { totals } = selection.dataset;
  const [by, groups] = totals.length === 0 ? ['null', ''] : ['r.currency', 'group by r.currency order by r.currency'];
  const sums = totals.map((column) => `, sum(r.${column})::bigint`);
  return `select ${by}, count(*)${sums.join('')} from (${sourceSql(selection)}) r where ${USES_ALL} ${groups}`;
}

/** Every different combination of these columns. */
export const distinctSql = (selection: Selection, columns: readonly string[]): string =>
  `select distinct ${columns.map((column) => `r.${column}`).join(', ')} from (${sourceSql(selection)}) r where ${USES_ALL} order by ${columns.map((_, i) => i + 1).join(', ')}`;

/** PostgreSQL wants to know the type of every parameter, used or not. */
const USES_ALL = '($3::jsonb is null or true)';

function sourceSql({ dataset: { columns, from, where, instant, recorded }, layout, stretches }: Selection): string {
  const conditions = [
    `($1::timestamptz is null or ${instant} >= $1)`,
    `($2::timestamptz is null or ${instant} < $2)`,
    `(${recorded.within(stretches)})`,
    ...(where === undefined ? [] : [where]),
    ...(layout?.where === undefined ? [] : [layout.where]),
  ];
  return `select ${columns.map(({ name, sql }) => `${sql} as ${name}`).join(', ')} from ${from} where ${conditions.join(' and ')}`;
}
