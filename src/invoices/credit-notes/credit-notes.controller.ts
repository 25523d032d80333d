import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../../common/database/database.js';
import { type Page, pageOf } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { ApiDocument, DocumentQuery, viewOrFile } from '../documents/document-reply.js';
import { InvoiceDocuments } from '../documents/invoice-documents.js';
import { CreditNotesQuery, CreditNoteView } from './credit-notes.dto.js';
import { CreditNotesService } from './credit-notes.service.js';

@ApiTags('invoices')
@Controller({ path: 'credit-notes', version: '2' })
export class CreditNotesController {
  constructor(
    private readonly notes: CreditNotesService,
    private readonly documents: InvoiceDocuments,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'listCreditNotes', summary: 'Credit notes, newest first' })
  @ApiOkResponse({ type: pageOf(CreditNoteView), description: 'Credit notes with their lines.' })
  @ApiProblems()
  list(@Query() query: CreditNotesQuery): Promise<Page<CreditNoteView>> {
    return this.database.transaction((tx) => this.notes.list(tx, query));
  }

  @Get(':idOrNumber')
  @Scopes('invoices:read')
  @ApiOperation({ operationId: 'getCreditNote', summary: 'One credit note, by id or number' })
  @ApiDocument(CreditNoteView, 'The credit note with its lines.')
  @ApiProblems(404, 409)
  read(
    @Param('idOrNumber') idOrNumber: string,
    @Query() query: DocumentQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreditNoteView | Buffer> {
    return viewOrFile(this.database, reply, {
      accept,
      query,
      view: (tx) => this.notes.one(tx, idOrNumber),
      document: (tx) => this.documents.creditNote(tx, idOrNumber),
    });
  }
}
