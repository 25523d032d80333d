import type { Instant } from '../domain/instant.js';
import type { ExportFormat } from './formats/formats.js';
import type { LayoutName } from './layouts/layouts.js';

/** What is to be exported, and how it is to be written. */
export interface ExportRequest {
  /** The name of a dataset. */
  readonly dataset: string;
  readonly format: ExportFormat;
  /** From the beginning, where absent. */
  readonly from: Instant | undefined;
  /** All there is so far, where absent. */
  readonly to: Instant | undefined;
  /** The cursor of an export that this one continues. */
  readonly after: string | undefined;
  readonly layout: LayoutName | undefined;
  /** The key of an accounting mapping; that of the layout's name, where absent. */
  readonly mapping: string | undefined;
  /** Whether a CSV begins with a byte order mark. */
  readonly bom: boolean;
}

export const fileNameOf = ({ dataset, layout, format }: Pick<ExportRequest, 'dataset' | 'layout' | 'format'>): string =>
  `${dataset}${layout === undefined ? '' : `-${layout}`}.${format}`;
