import { applyDecorators, type Type as Class } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { stringify } from 'csv-stringify/sync';
import type { FastifyReply } from 'fastify';

const FORMATS = ['json', 'csv'] as const;

/** How a table is answered. */
export class TableQuery {
  @ApiPropertyOptional({ description: 'JSON, or CSV for a spreadsheet.', enum: FORMATS, default: 'json' })
  @IsOptional()
  @IsIn(FORMATS)
  format: (typeof FORMATS)[number] = 'json';
}

/** Documents an answer that is a view, or its rows as CSV. */
export const ApiTable = (View: Class, description: string): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ApiExtraModels(View),
    ApiOkResponse({
      description,
      content: { 'application/json': { schema: { $ref: getSchemaPath(View) } }, 'text/csv': { schema: { type: 'string' } } },
    }),
  );

/** What a spreadsheet would take for a formula gets a quote in front; a number below zero is none. */
const FORMULA = /^(?:[=+@\t\r]|-(?!\d))/;

/** The view, or its rows as CSV after RFC 4180 with a header: one column for each property of a row. */
export function tableAnswer<View extends { readonly data: readonly object[] }>(
  reply: FastifyReply,
  {
    format,
    name,
    columns,
    view,
  }: { readonly format: TableQuery['format']; readonly name: string; readonly columns: readonly string[]; readonly view: View },
): View | string {
  if (format === 'json') return view;
  void reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}.csv"`);
  const rows = view.data.map((row) => columns.map((column) => plain((row as Readonly<Record<string, string | null>>)[column])));
  return stringify(rows, { header: true, columns: columns.map(snake), record_delimiter: '\r\n' });
}

const plain = (value: string | null | undefined): string => (FORMULA.test(value ?? '') ? `'${value ?? ''}` : (value ?? ''));
const snake = (name: string): string => name.replace(/\d+|[A-Z]/g, (part) => `_${part.toLowerCase()}`);
