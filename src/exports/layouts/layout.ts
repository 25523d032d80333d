import type { FieldProblem } from '../../domain/refusal.js';
import type { MappingContent } from '../mappings/mapping-content.js';
import type { TextRow } from '../snapshot-reader.js';
import type { SelectedColumn } from '../value-sql.js';

/** How another system wants the rows of a dataset, as CSV. */
export interface Layout {
  readonly name: string;
  readonly dataset: string;
  /** SQL for which rows it takes, over the tables of the dataset; all, where left out. */
  readonly where?: string;
  /** With the heading that the other system looks for. */
  readonly columns: readonly SelectedColumn[];
  /** The dataset's columns that decide what a mapping must hold. */
  readonly needs: readonly string[];
  /** What the mapping lacks for these rows of `needs`, and what the layout cannot say. */
  readonly problems: (rows: readonly TextRow[], mapping: MappingContent) => FieldProblem[];
}

const MAPPING = '$3::jsonb';

/** SQL for what the mapping says of a key. */
export const mapped = (map: keyof MappingContent, key: string): string => `${MAPPING} -> '${map}' ->> (${key})`;

/** SQL for the tax code of a line: of its tax rates together. */
export const TAX_CODE = `case when r.tax_rates = '' then ${MAPPING} ->> 'untaxed' else ${mapped('taxes', 'r.tax_rates')} end`;

/** SQL for the day of an instant, where the books are kept and as the other system writes it. */
export const daySql = (instant: string, format: string): string => dayIn(`(${MAPPING} ->> 'timeZone')`, instant, format);

/** SQL for the day of an instant of the ledger, whose days are those of UTC: an entry stays in the month that it is booked in. */
export const ledgerDaySql = (instant: string, format: string): string => dayIn(`'UTC'`, instant, format);

const dayIn = (zone: string, instant: string, format: string): string =>
  `to_char(r.${instant} at time zone ${zone}, coalesce(${MAPPING} ->> 'dateFormat', '${format}'))`;

/** A column of text. */
export const said = (name: string, sql: string): SelectedColumn => ({ name, type: 'text', sql });

/** A column that is left empty. */
export const empty = (name: string): SelectedColumn => ({ name, type: 'code', sql: 'null' });

export const missing = (map: keyof MappingContent, key: string, what: string): FieldProblem => ({
  pointer: `/${map}${key === '' ? '' : `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`}`,
  code: 'not_mapped',
  detail: what,
});
