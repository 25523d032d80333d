import { formatMoney } from '../domain/currency.js';
import type { TextRow } from './snapshot-reader.js';
import type { Selection } from './selection.js';

/** Rows, and sums of money as decimal strings. */
export interface ControlTotals {
  readonly rows: number;
  readonly [column: string]: string | number;
}

/** What an export is, and what it must come to: known before its first byte, but for what is only in the file. */
export interface ExportManifest {
  readonly dataset: string;
  readonly format: string;
  readonly layout: string | null;
  readonly mapping: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly after: string | null;
  readonly snapshotAt: string;
  readonly rows: number;
  readonly totals: Readonly<Record<string, ControlTotals>>;
  readonly nextCursor: string | null;
}

/** What `totalsSql` found: by currency, and all rows. */
export function totalsOf({ dataset }: Selection, found: readonly TextRow[]): Pick<ExportManifest, 'rows' | 'totals'> {
  const rows = found.reduce((sum, [, count]) => sum + Number(count), 0);
  const totals = found.flatMap(([currency, count, ...sums]) =>
    typeof currency === 'string' ? [[currency, { rows: Number(count), ...sumsOf(dataset.totals, sums, currency) }] as const] : [],
  );
  return { rows, totals: Object.fromEntries(totals) };
}

const sumsOf = (columns: readonly string[], sums: TextRow, currency: string): Record<string, string> =>
  Object.fromEntries(columns.map((column, i) => [column, formatMoney(BigInt(sums[i] ?? '0'), currency)]));

/** For a header, which takes ASCII only. */
export const manifestHeader = (manifest: ExportManifest): string =>
  JSON.stringify(manifest).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
