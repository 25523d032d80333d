import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { IsInstant, IsKey, NullIsAbsent } from '../common/http/field-rules.js';
import { parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { DATASET_NAMES } from './datasets.js';
import type { ExportRequest } from './export-request.js';
import { type ExportFormat, FORMATS } from './formats/formats.js';
import { type LayoutName, LAYOUTS, layoutsOf } from './layouts/layouts.js';
import type { ControlTotals, ExportManifest } from './manifest.js';

const CURSOR_LENGTH_MAX = 8_000;

/** What both ways of exporting are asked. */
class ExportFields {
  @ApiPropertyOptional({ description: 'Rows of this instant or later; from the beginning, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ description: 'Rows before this instant; all there is so far, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  to?: string;

  @ApiPropertyOptional({
    description:
      'The `nextCursor` of an earlier export: only what was recorded since, over the same range. Nothing is missed and nothing comes twice, also of what was being recorded meanwhile.',
    maxLength: CURSOR_LENGTH_MAX,
  })
  @IsOptional()
  @IsString()
  @Length(1, CURSOR_LENGTH_MAX)
  after?: string;

  @ApiPropertyOptional({ description: 'The format.', enum: FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(FORMATS)
  format?: ExportFormat;

  @ApiPropertyOptional({
    description:
      'As an accounting system imports it, as CSV: invoice lines for `xero`, `quickbooks` or `netsuite`, the journal as `general-journal`.',
    enum: LAYOUTS,
  })
  @IsOptional()
  @IsIn(LAYOUTS)
  layout?: LayoutName;

  @ApiPropertyOptional({
    description: "The accounting mapping of the layout; the one whose key is the layout's name, where absent.",
    example: 'xero',
  })
  @IsOptional()
  @IsKey()
  mapping?: string;
}

const isTrue = ({ value }: { value: unknown }): unknown => (value === 'true' ? true : value === 'false' ? false : value);

export class ExportQuery extends ExportFields {
  @ApiPropertyOptional({ description: 'Begin a CSV with a byte order mark, by which Excel knows UTF-8.', default: false })
  @IsOptional()
  @Transform(isTrue)
  @IsBoolean()
  bom?: boolean;

  @ApiPropertyOptional({ description: '`only`: not the rows, but what they come to, as JSON.', enum: ['only'] })
  @IsOptional()
  @IsIn(['only'])
  manifest?: 'only';
}

export class CreateExportDto extends ExportFields {
  @ApiProperty({ description: 'What to export.', enum: DATASET_NAMES, example: 'invoice-lines' })
  @IsIn(DATASET_NAMES)
  dataset!: string;

  @ApiPropertyOptional({ description: 'Begin a CSV with a byte order mark, by which Excel knows UTF-8.', default: false })
  @IsOptional()
  @NullIsAbsent()
  @IsBoolean()
  bom?: boolean;
}

export class ExportManifestView implements ExportManifest {
  @ApiProperty({ description: 'What was exported.', enum: DATASET_NAMES })
  dataset!: string;

  @ApiProperty({ description: 'The format.', enum: FORMATS })
  format!: string;

  @ApiProperty({ description: 'The layout.', type: String, nullable: true, enum: [...LAYOUTS, null] })
  layout!: string | null;

  @ApiProperty({ description: 'The accounting mapping of the layout.', type: String, nullable: true })
  mapping!: string | null;

  @ApiProperty({
    description: 'Rows of this instant or later; null: from the beginning.',
    type: String,
    format: 'date-time',
    nullable: true,
  })
  from!: string | null;

  @ApiProperty({ description: 'Rows before this instant; null: all there was.', type: String, format: 'date-time', nullable: true })
  to!: string | null;

  @ApiProperty({ description: 'The cursor that it continued.', type: String, nullable: true })
  after!: string | null;

  @ApiProperty({ description: 'When the one snapshot was taken that all rows are of.', format: 'date-time' })
  snapshotAt!: string;

  @ApiProperty({ description: 'How many rows, without the heading.', type: 'integer' })
  rows!: number;

  @ApiProperty({
    description: 'Control totals by currency: rows, and the sum of each column of money. Counted apart from the rows that are written.',
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['rows'],
      properties: { rows: { type: 'integer' } },
      additionalProperties: { type: 'string' },
    },
    example: { USD: { rows: 2, amount: '24.00', discount: '0.00', net: '24.00' } },
  })
  totals!: Readonly<Record<string, ControlTotals>>;

  @ApiProperty({
    description: 'Send it as `after` to take what was recorded since. Null where no rows were taken.',
    type: String,
    nullable: true,
  })
  nextCursor!: string | null;
}

/**
 * @throws Refusal `range_reversed`, `layout_unfit`
 */
export function requestOf(dataset: string, fields: ExportFields & { readonly bom?: boolean }): ExportRequest {
  const { after, layout, mapping, format = 'csv', bom = false } = fields;
  const [from, to] = [fields.from, fields.to].map((text) => (text === undefined ? undefined : parseInstant(text)));
  if (from !== undefined && to !== undefined && to < from)
    throw new Refusal('invalid', 'range_reversed', '"to" must not lie before "from".');
  if (layout !== undefined && (format !== 'csv' || !layoutsOf(dataset).includes(layout)))
    throw new Refusal(
      'unprocessable',
      'layout_unfit',
      `The layout ${layout} is CSV, and not of ${dataset} in ${format}: see the reference.`,
    );
  return { dataset, format, from, to, after, layout, mapping, bom };
}
