import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database, type Tx } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { CloseInvoices } from '../invoices/close-invoices.js';
import { CreateCreditNoteDto, CreditNoteView } from '../invoices/credit-notes/credit-notes.dto.js';
import { CreditNotesService } from '../invoices/credit-notes/credit-notes.service.js';
import { CloseInvoiceDto, VoidInvoiceDto } from '../invoices/invoice-acts.dto.js';
import { InvoiceView } from '../invoices/invoices.dto.js';
import { InvoicesService } from '../invoices/invoices.service.js';
import { type CreditedByNote, CreditInvoice } from './credit-invoice.js';
import { type LockedInvoice, LockInvoice } from './lock-invoice.js';
import { Refunds } from './refunds.js';

/** What is done to invoices that were finalized. Here, because their payments must know of it. */
@ApiTags('invoices')
@Controller({ path: 'invoices/:idOrNumber', version: '2' })
export class InvoiceActsController {
  constructor(
    private readonly crediting: CreditInvoice,
    private readonly notes: CreditNotesService,
    private readonly refunds: Refunds,
    private readonly locking: LockInvoice,
    private readonly closing: CloseInvoices,
    private readonly invoices: InvoicesService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post('credit-notes')
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'createCreditNote',
    summary: 'Credit an invoice, in whole or in part',
    description:
      'By lines, by an amount, or all that is left. Never more than was invoiced less what was credited before. What is unpaid is reduced first; only the rest is refunded (which needs the scope payments:write, too) or put on the balance.',
  })
  @ApiCreatedResponse({ type: CreditNoteView, description: 'The credit note.' })
  @ApiProblems(404, 409, 422)
  async credit(
    @CurrentCall() call: Call,
    @Param('idOrNumber') idOrNumber: string,
    @Body() body: CreateCreditNoteDto,
  ): Promise<CreditNoteView> {
    const { id, refundIds } = await this.writes.once<CreditedByNote>(call, (tx) => this.crediting.run(tx, call, idOrNumber, body));
    for (const refundId of refundIds) await this.refunds.send(refundId);
    return this.database.transaction((tx) => this.notes.one(tx, id));
  }

  @Post('void')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'voidInvoice',
    summary: 'Void an invoice of which nothing was paid or credited',
    description: 'It keeps its number and counts for nothing. The next bill run bills its lines again, unless "rebill" is false.',
  })
  @ApiOkResponse({ type: InvoiceView, description: 'The invoice.' })
  @ApiProblems(404, 409, 422)
  void(
    @CurrentCall() call: Call,
    @Param('idOrNumber') idOrNumber: string,
    @Body() { reason, rebill = true }: VoidInvoiceDto,
  ): Promise<InvoiceView> {
    return this.closed(call, idOrNumber, (tx, locked) => this.closing.void(tx, locked, { actor: call.actor, reason, rebill }));
  }

  @Post('mark-uncollectible')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'markInvoiceUncollectible',
    summary: 'Write off what is left to pay of an invoice',
    description: 'It is not collected by itself any more. It may still be paid, or credited, which takes the write-off back.',
  })
  @ApiOkResponse({ type: InvoiceView, description: 'The invoice.' })
  @ApiProblems(404, 409, 422)
  markUncollectible(
    @CurrentCall() call: Call,
    @Param('idOrNumber') idOrNumber: string,
    @Body() { reason }: CloseInvoiceDto,
  ): Promise<InvoiceView> {
    return this.closed(call, idOrNumber, (tx, locked) => this.closing.markUncollectible(tx, locked, { actor: call.actor, reason }));
  }

  private closed(call: Call, idOrNumber: string, act: (tx: Tx, locked: LockedInvoice) => Promise<void>): Promise<InvoiceView> {
    return this.writes.once(call, async (tx) => {
      const locked = await this.locking.take(tx, call.actor, idOrNumber);
      await act(tx, locked);
      await this.locking.release(tx, call.actor, locked);
      return this.invoices.one(tx, locked.invoice.id);
    });
  }
}
