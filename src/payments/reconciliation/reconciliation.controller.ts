import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Database } from '../../common/database/database.js';
import { numberCursor, onlyCursor } from '../../common/database/newest-first.js';
import { type Page, page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { accountIdOf } from '../../common/ids.js';
import { Reconcile } from './reconcile.js';
import { driftsOf, listReconciliations } from './reconciliation-records.js';
import { driftView, DriftView, ReconciliationsQuery, reconciliationView, ReconciliationView } from './reconciliation.dto.js';

@ApiTags('payments')
@Controller({ path: 'reconciliation', version: '2' })
export class ReconciliationController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly database: Database,
    private readonly reconciling: Reconcile,
  ) {}

  @Get()
  @Scopes('payments:read')
  @ApiOperation({
    operationId: 'listReconciliations',
    summary: 'Comparisons of our payments and refunds with the books of their providers, newest first',
    description: 'One is made each day; another by `wharfage reconcile`. Nothing is mended by itself.',
  })
  @ApiOkResponse({ type: pageOf(ReconciliationView), description: 'A page of comparisons.' })
  @ApiProblems(400)
  async list(@Query() { provider, cursor, limit }: ReconciliationsQuery): Promise<Page<ReconciliationView>> {
    const after = onlyCursor(cursor);
    const rows = await this.database.transaction((tx) => listReconciliations(tx, { provider, after, limit: limit + 1 }));
    const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
    return { data: data.map(reconciliationView), nextCursor };
  }

  @Get(':id/drifts')
  @Scopes('payments:read')
  @ApiOperation({
    operationId: 'listDrifts',
    summary: 'Where our books and those of a provider are apart, in the order in which it was found',
  })
  @ApiOkResponse({ type: pageOf(DriftView), description: 'A page of drifts.' })
  @ApiProblems(400, 404)
  async drifts(@Param('id') id: string, @Query() { cursor, limit }: PageQuery): Promise<Page<DriftView>> {
    await this.reconciling.byId(id);
    const after = numberCursor(cursor) ?? 0;
    return this.database.transaction(async (tx) => {
      const { data, nextCursor } = page(await driftsOf(tx, id, { after, limit: limit + 1 }), limit, ({ n }) => [String(n)]);
      const accountIds = data.map(({ subject }) => accountIdOf(subject));
      const keys = await this.accounts.keys(
        tx,
        accountIds.filter((accountId) => accountId !== undefined),
      );
      return { data: data.map((drift, i) => driftView(drift, keys.get(accountIds[i] ?? '') ?? null)), nextCursor };
    });
  }
}
