import { Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsInstant } from '../common/http/field-rules.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { type ExportRange, InvoiceLinesExport } from './invoice-lines.js';

const FORMATS = ['csv'] as const;

export class ExportQuery {
  @ApiProperty({ description: 'Invoices issued at this instant or later.', format: 'date-time' })
  @IsInstant()
  from!: string;

  @ApiProperty({ description: 'Invoices issued before this instant.', format: 'date-time' })
  @IsInstant()
  to!: string;

  @ApiPropertyOptional({ description: 'The format.', enum: FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(FORMATS)
  format?: (typeof FORMATS)[number];
}

export class ExportTotalsView {
  @ApiProperty({ description: 'The sum of the amounts.' })
  amount!: string;

  @ApiProperty({ description: 'The sum of the discounts.' })
  discount!: string;
}

export class ExportManifestView {
  @ApiProperty({ description: 'How many lines.', type: 'integer' })
  rows!: number;

  @ApiProperty({
    description: 'Control totals by currency.',
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['amount', 'discount'],
      properties: { amount: { type: 'string' }, discount: { type: 'string' } },
    },
  })
  totals!: Record<string, ExportTotalsView>;
}

@ApiTags('exports')
@Controller({ path: 'exports/invoice-lines', version: '2' })
export class ExportsController {
  constructor(private readonly lines: InvoiceLinesExport) {}

  @Get()
  @Scopes('exports:read')
  @Header('content-disposition', 'attachment; filename="invoice-lines.csv"')
  @ApiOperation({ operationId: 'exportInvoiceLines', summary: 'The lines of issued invoices as CSV' })
  @ApiOkResponse({
    description: 'One line a row, in the order of invoice numbers.',
    content: { 'text/csv': { schema: { type: 'string' } } },
  })
  @ApiProblems(422)
  csv(@Query() query: ExportQuery): StreamableFile {
    return new StreamableFile(this.lines.csv(rangeOf(query)), { type: 'text/csv; charset=utf-8' });
  }

  @Get('manifest')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getInvoiceLinesManifest', summary: 'What the export of the same range must come to' })
  @ApiOkResponse({ type: ExportManifestView, description: 'Rows and control totals.' })
  @ApiProblems(422)
  manifest(@Query() query: ExportQuery): Promise<ExportManifestView> {
    return this.lines.manifest(rangeOf(query));
  }
}

function rangeOf({ from, to }: ExportQuery): ExportRange {
  const range = { from: parseInstant(from), to: parseInstant(to) };
  if (range.to < range.from) throw new Refusal('invalid', 'range_reversed', '"to" must not lie before "from".');
  return range;
}
