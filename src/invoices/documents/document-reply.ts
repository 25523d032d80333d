import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { preferredType } from '../../common/http/accept.js';
import type { Database, Tx } from '../../common/database/database.js';
import type { BillingDocument } from '../../domain/documents/document.js';
import { documentFile, type DocumentForm, type Syntax, SYNTAXES } from './document-file.js';

const JSON_TYPE = 'application/json';
const PDF_TYPE = 'application/pdf';
const XML_TYPE = 'application/xml';

export class DocumentQuery {
  @ApiPropertyOptional({ description: 'With `Accept: application/xml`: the syntax of the e-invoice.', enum: SYNTAXES, default: 'ubl' })
  @IsOptional()
  @IsIn(SYNTAXES)
  syntax?: Syntax;

  @ApiPropertyOptional({
    description: 'With `Accept: application/pdf`: the PDF carries the e-invoice in CII (Factur-X, ZUGFeRD).',
    enum: ['cii'],
  })
  @IsOptional()
  @IsIn(['cii'])
  embed?: 'cii';
}

/** Documents an answer that is JSON, a PDF or an e-invoice, as the caller accepts it. */
export const ApiDocument = (view: new () => object, description: string): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(view),
    ApiHeader({
      name: 'Accept',
      description: `\`${JSON_TYPE}\`, \`${PDF_TYPE}\`, or \`${XML_TYPE}\` for the e-invoice (EN 16931). A file is made of what was frozen at the issue alone, and is always the same.`,
      required: false,
    }),
    ApiOkResponse({
      description,
      content: {
        [JSON_TYPE]: { schema: { $ref: getSchemaPath(view) } },
        [PDF_TYPE]: { schema: { type: 'string', format: 'binary' } },
        [XML_TYPE]: { schema: { type: 'string' } },
      },
    }),
  );

interface DocumentRequest<View> {
  readonly accept: string | undefined;
  readonly query: DocumentQuery;
  readonly view: (tx: Tx) => Promise<View>;
  readonly document: (tx: Tx) => Promise<BillingDocument>;
}

/** What the caller accepts: the view, or a file, which is made when the transaction is over. */
export async function viewOrFile<View>(
  database: Database,
  reply: FastifyReply,
  { accept, query, view, document }: DocumentRequest<View>,
): Promise<View | Buffer> {
  void reply.header('vary', 'accept');
  const form = formOf(accept, query);
  if (form === undefined) return await database.transaction(view);
  return await sendFile(reply, await database.transaction(document), form);
}

/** The bytes of a file, with the headers that tell what it is. */
export async function sendFile(reply: FastifyReply, document: BillingDocument, form: DocumentForm): Promise<Buffer> {
  const { bytes, contentType, name } = await documentFile(document, form);
  void reply.header('content-type', contentType).header('content-disposition', `inline; filename="${name}"`);
  return bytes;
}

function formOf(accept: string | undefined, { syntax = 'ubl', embed }: DocumentQuery): DocumentForm | undefined {
  switch (preferredType(accept, [JSON_TYPE, PDF_TYPE, XML_TYPE])) {
    case JSON_TYPE:
      return undefined;
    case PDF_TYPE:
      return { kind: 'pdf', ...(embed === undefined ? {} : { embed }) };
    case XML_TYPE:
      return { kind: 'xml', syntax };
  }
}
