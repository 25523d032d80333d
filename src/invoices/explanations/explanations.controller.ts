import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Database, type Tx } from '../../common/database/database.js';
import { type Page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { PlansService } from '../../plans/plans.service.js';
import { CountedEvents } from '../../usage/counted-events.js';
import { StoredEventView } from '../../usage/usage.dto.js';
import { InvoicesService } from '../invoices.service.js';
import { ExplainLine, type ExplainedLine } from './explain-line.js';
import { explanationView } from './explanation-view.js';
import { LineExplanationView } from './explanations.dto.js';

@ApiTags('invoices')
@Controller({ path: 'invoices/:idOrNumber/lines/:line', version: '2' })
export class ExplanationsController {
  constructor(
    private readonly explain: ExplainLine,
    private readonly events: CountedEvents,
    private readonly invoices: InvoicesService,
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly database: Database,
  ) {}

  @Get('explanation')
  @Scopes('invoices:read')
  @ApiOperation({
    operationId: 'explainInvoiceLine',
    summary: 'Why a line costs what it costs',
    description:
      'The price and plan version, the arithmetic step by step by the code that billed it, and the usage behind it. `reproduces` says whether it comes to exactly what was billed.',
  })
  @ApiOkResponse({ type: LineExplanationView, description: 'The explanation.' })
  @ApiProblems(404)
  explanation(@Param('idOrNumber') idOrNumber: string, @Param('line') line: string): Promise<LineExplanationView> {
    return this.database.snapshot(async (tx) => this.view(tx, await this.explain.run(tx, idOrNumber, line)));
  }

  @Get('events')
  @Scopes('usage:read')
  @ApiOperation({
    operationId: 'listInvoiceLineEvents',
    summary: 'The usage events behind a line, oldest first',
    description:
      'Events of its service period that its meter and price count now, without voided ones. A level that was reached before the period counts, too: see GET /v2/usage/query.',
  })
  @ApiOkResponse({ type: pageOf(StoredEventView), description: 'A page of events.' })
  @ApiProblems(404, 409, 422)
  list(@Param('idOrNumber') idOrNumber: string, @Param('line') line: string, @Query() query: PageQuery): Promise<Page<StoredEventView>> {
    return this.database.transaction(async (tx) => {
      const { accountId, question, line: asked } = await this.explain.question(tx, idOrNumber, line);
      const subject = (await this.accounts.keys(tx, [accountId])).get(accountId) ?? '';
      return await this.events.list(tx, { ...question, accountId, subject, group: asked.groups ?? {} }, query);
    });
  }

  private async view(tx: Tx, explained: ExplainedLine): Promise<LineExplanationView> {
    const { invoice, line, explanation } = explained;
    const held = line.plan === null || line.planVersion === null ? [] : [{ plan: line.plan, version: line.planVersion }];
    const [version] = await this.plans.versions(tx, held);
    const keys = await this.accounts.keys(tx, [invoice.accountId]);
    return explanationView(explained, {
      account: keys.get(invoice.accountId) ?? '',
      planName: version?.name ?? null,
      adjusted: explanation.origin && (await this.invoices.ofLine(tx, invoice.accountId, explanation.origin.id)),
    });
  }
}
