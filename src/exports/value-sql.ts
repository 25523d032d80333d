import type { ColumnType } from '../common/datasets/dataset.js';
import { currencies, minorDecimals } from '../domain/currency.js';

/** A column as a selection has it: `sql` over the rows `r` of the dataset. */
export interface SelectedColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly sql: string;
}

/** What a whole minor unit is in major units: exact, and with the currency's own number of decimals. */
const MINOR_UNIT = ((): string => {
  const withDecimals = (decimals: number): string =>
    currencies()
      .filter((currency) => minorDecimals(currency) === decimals)
      .map((currency) => `'${currency}'`)
      .join(', ');
  const unit = (decimals: number): string => (decimals === 0 ? '1' : `0.${'1'.padStart(decimals, '0')}`);
  const cases = [0, 3, 4].map((decimals) => `when r.currency in (${withDecimals(decimals)}) then ${unit(decimals)}`);
  return `(case ${cases.join(' ')} else ${unit(2)} end)`;
})();

/** SQL for a value as text: money in major units, instants as RFC 3339 in UTC, decimals as they are. Null stays null. Relies on a session in UTC. */
export function textSql({ type, sql }: SelectedColumn): string {
  if (type === 'money') return `((${sql}) * ${MINOR_UNIT})::text`;
  if (type === 'instant') return `replace(replace((${sql})::text, ' ', 'T'), '+00', 'Z')`;
  return `(${sql})::text`;
}

/** What a spreadsheet would take for a formula gets a quote in front; numbers are no such texts. */
const GUARDED = (text: string): string => `case when ${text} ~ '^[=+@\\t\\r-]' then '''' || ${text} else ${text} end`;

/** A field of a CSV after RFC 4180. Null is empty. */
function csvSql(column: SelectedColumn): string {
  const text = textSql(column);
  if (column.type !== 'text' && column.type !== 'json') return text;
  return `case when ${text} ~ '[",\\r\\n]|^[=+@\\t-]' then '"' || replace(${GUARDED(text)}, '"', '""') || '"' else ${text} end`;
}

const ARGUMENTS_MAX = 100;

/** A whole line of a CSV, made by the database: one value to read instead of many. */
export function csvLineSql(columns: readonly SelectedColumn[]): string {
  const parts = columns.flatMap((column, i) => (i === 0 ? [csvSql(column)] : [`','`, csvSql(column)]));
  const calls = Array.from({ length: Math.ceil(parts.length / ARGUMENTS_MAX) }, (_, i) =>
    parts.slice(i * ARGUMENTS_MAX, (i + 1) * ARGUMENTS_MAX),
  );
  return calls.map((call) => `concat(${call.join(', ')})`).join(' || ');
}

/** A JSON object on one line: integers, flags and documents as they are, all else as text. */
export function jsonLineSql(columns: readonly SelectedColumn[]): string {
  const fields = columns.map((column) => `${asIs(column) ? column.sql : textSql(column)} as "${column.name}"`);
  return `(select row_to_json(j)::text from (select ${fields.join(', ')}) j)`;
}

const asIs = ({ type }: SelectedColumn): boolean => type === 'integer' || type === 'flag' || type === 'json';
