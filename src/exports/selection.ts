import type { Dataset } from '../common/datasets/dataset.js';
import { datasetNamed } from './datasets.js';
import type { ExportRequest } from './export-request.js';
import type { Layout } from './layouts/layout.js';
import { layoutNamed } from './layouts/layouts.js';
import type { SelectedColumn } from './value-sql.js';

/** Parameters of every statement over a selection: from, to, the snapshot that it continues, the accounting mapping. */
export type Parameters = readonly [from: string | null, to: string | null, snapshot: string | null, mapping: string | null];

/** The rows and columns of one export. */
export interface Selection {
  readonly dataset: Dataset;
  readonly layout: Layout | undefined;
  /** As they are written. */
  readonly columns: readonly SelectedColumn[];
}

export function selectionOf({ dataset: name, layout: layoutName }: Pick<ExportRequest, 'dataset' | 'layout'>): Selection {
  const dataset = datasetNamed(name);
  const layout = layoutName === undefined ? undefined : layoutNamed(layoutName);
  const own = dataset.columns.filter(({ hidden }) => !hidden).map(({ name: column, type }) => ({ name: column, type, sql: `r.${column}` }));
  return { dataset, layout, columns: layout?.columns ?? own };
}

/** The rows in order, with an expression for each of what is written. They are sorted before they are written out, which makes them longer. */
export const rowsSql = ({ dataset }: Selection, expressions: readonly string[]): string =>
  `select ${expressions.join(', ')} from (${sourceSql(dataset)} order by ${dataset.order} offset 0) r where ${USES_ALL}`;

/** How many rows, and what they come to by currency. */
export function totalsSql({ dataset }: Selection): string {
  const [by, groups] = dataset.totals.length === 0 ? ['null', ''] : ['r.currency', 'group by r.currency order by r.currency'];
  const sums = dataset.totals.map((column) => `, sum(r.${column})::bigint`);
  return `select ${by}, count(*)${sums.join('')} from (${sourceSql(dataset)}) r where ${USES_ALL} ${groups}`;
}

/** Every different combination of these columns. */
export const distinctSql = ({ dataset }: Selection, columns: readonly string[]): string =>
  `select distinct ${columns.map((column) => `r.${column}`).join(', ')} from (${sourceSql(dataset)}) r where ${USES_ALL} order by ${columns.map((_, i) => i + 1).join(', ')}`;

/** PostgreSQL wants to know the type of every parameter, used or not. */
const USES_ALL = '($4::jsonb is null or true)';

/** A row without a transaction was there before all snapshots. */
function sourceSql({ columns, from, where, instant, recorded }: Dataset): string {
  const conditions = [
    `($1::timestamptz is null or ${instant} >= $1)`,
    `($2::timestamptz is null or ${instant} < $2)`,
    `($3::text is null or ${recorded} >= pg_snapshot_xmin($3::text::pg_snapshot) and not pg_visible_in_snapshot(${recorded}, $3::text::pg_snapshot))`,
    ...(where === undefined ? [] : [where]),
  ];
  return `select ${columns.map(({ name, sql }) => `${sql} as ${name}`).join(', ')} from ${from} where ${conditions.join(' and ')}`;
}
