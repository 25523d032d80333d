import { Body, Controller, Delete, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { InvoiceView } from '../invoices.dto.js';
import { ChangeDrafts } from './change-drafts.js';
import { CreateInvoice } from './create-invoice.js';
import { ChangeDraftDto, CreateInvoiceDto } from './drafts.dto.js';
import { FinalizeDraft } from './finalize-draft.js';
import { ReadInvoices } from './read-invoices.js';

@ApiTags('invoices')
@Controller({ path: 'invoices', version: '2' })
export class DraftsController {
  constructor(
    private readonly creating: CreateInvoice,
    private readonly changing: ChangeDrafts,
    private readonly finalizing: FinalizeDraft,
    private readonly reading: ReadInvoices,
    private readonly writes: Writes,
  ) {}

  @Post()
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'createInvoice',
    summary: 'Charge an account for what no subscription charges',
    description:
      'Finalized and collected at once, with tax, credit grants and balance as any invoice; with "draft": true it waits for POST /v2/invoices/{id}/finalize. A line below zero takes something off; the total may not be below zero.',
  })
  @ApiCreatedResponse({ type: InvoiceView, description: 'The invoice.' })
  @ApiProblems(404, 409, 422)
  create(@CurrentCall() call: Call, @Body() body: CreateInvoiceDto): Promise<InvoiceView> {
    return this.writes.once(call, async (tx) => this.reading.one(tx, await this.creating.run(tx, call.actor, body)));
  }

  @Patch(':idOrNumber')
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'changeDraft',
    summary: 'Change memo, terms and added lines of a draft',
    description: 'What is left out stays. What subscriptions come to is computed until the draft is finalized, and is not edited.',
  })
  @ApiOkResponse({ type: InvoiceView, description: 'The draft.' })
  @ApiProblems(404, 409, 422)
  change(@CurrentCall() call: Call, @Param('idOrNumber') id: string, @Body() body: ChangeDraftDto): Promise<InvoiceView> {
    return this.writes.run(call, async (tx) => {
      await this.changing.change(tx, call.actor, id, body);
      return this.reading.one(tx, id);
    });
  }

  @Delete(':idOrNumber')
  @HttpCode(204)
  @Scopes('invoices:write')
  @ApiOperation({ operationId: 'discardDraft', summary: 'Discard a draft that was made by hand' })
  @ApiNoContentResponse({ description: 'It is gone, and took no number.' })
  @ApiProblems(404, 409)
  async discard(@CurrentCall() call: Call, @Param('idOrNumber') id: string): Promise<void> {
    await this.writes.run(call, (tx) => this.changing.discard(tx, call.actor, id));
  }

  @Post(':idOrNumber/finalize')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'finalizeInvoice',
    summary: 'Finalize a draft now',
    description: 'It is computed as of now, numbered and collected. Usage that comes later is an adjustment on the next invoice.',
  })
  @ApiOkResponse({ type: InvoiceView, description: 'The invoice.' })
  @ApiProblems(404, 409, 422)
  finalize(@CurrentCall() call: Call, @Param('idOrNumber') id: string): Promise<InvoiceView> {
    return this.writes.once(call, async (tx) => {
      await this.finalizing.run(tx, call.actor, id);
      return this.reading.one(tx, id);
    });
  }
}
