import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Database } from '../../common/database/database.js';
import { cursorKey, type Page, page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { formatMoney } from '../../domain/currency.js';
import { Refusal } from '../../domain/refusal.js';
import { BillRuns } from '../bill-runs.js';
import { RunChangeView } from './run-changes.dto.js';
import { type After, listChanges, type RunChange } from './run-changes.js';

const SIZE = /^\d{1,18}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@ApiTags('invoices')
@Controller({ path: 'bill-runs', version: '2' })
export class RunChangesController {
  constructor(
    private readonly runs: BillRuns,
    private readonly accounts: AccountsService,
    private readonly database: Database,
  ) {}

  @Get(':id/changes')
  @Scopes('invoices:read')
  @ApiOperation({
    operationId: 'listBillRunChanges',
    summary: 'What a dry run would change for each account',
    description: 'Against the last invoice of the account; the largest changes first. Empty for runs that were no dry runs.',
  })
  @ApiOkResponse({ type: pageOf(RunChangeView), description: 'The changes, largest first.' })
  @ApiProblems(404)
  list(@Param('id') id: string, @Query() { limit, cursor }: PageQuery): Promise<Page<RunChangeView>> {
    const after = afterOf(cursor);
    return this.database.transaction(async (tx) => {
      await this.runs.one(tx, id);
      const { data, nextCursor } = page(await listChanges(tx, id, after, limit + 1), limit, ({ changeMinor, accountId }) => [
        String(changeMinor < 0n ? -changeMinor : changeMinor),
        accountId,
      ]);
      const keys = await this.accounts.keys(
        tx,
        data.map(({ accountId }) => accountId),
      );
      return { data: data.map((change) => view(change, keys.get(change.accountId) ?? '')), nextCursor };
    });
  }
}

/** @throws Refusal `invalid_cursor` */
function afterOf(cursor: string | undefined): After | undefined {
  const key = cursorKey(cursor);
  if (key === undefined) return undefined;
  const [size = '', accountId = ''] = key;
  if (!SIZE.test(size) || !UUID.test(accountId))
    throw new Refusal(
      'invalid',
      'invalid_cursor',
      'The cursor is not one of this list: send the nextCursor of its last page, or leave it out.',
    );
  return { size, accountId };
}

const view = ({ currency, totalMinor, lastTotalMinor, changeMinor }: RunChange, account: string): RunChangeView => ({
  account,
  currency,
  total: formatMoney(totalMinor, currency),
  lastTotal: lastTotalMinor === null ? null : formatMoney(lastTotalMinor, currency),
  change: formatMoney(changeMinor, currency),
});
