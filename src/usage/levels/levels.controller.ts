import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { cursorKey, page } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Refusal } from '../../domain/refusal.js';
import { MetersService } from '../../meters/meters.service.js';
import { LevelsQuery, LevelsView } from './levels.dto.js';
import { levelRows, levelView } from './read-levels.js';

const METER_ID_MAX = 2_147_483_647;

@ApiTags('usage')
@Controller({ path: 'usage/levels', version: '2' })
export class LevelsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly meters: MetersService,
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('usage:read')
  @ApiOperation({
    operationId: 'listUsageLevels',
    summary: 'What is running now, as far as we were told',
    description:
      'Resources with a level, in the order of meters and names; changes that a meter adds up are one level for each group. A level that ended because nothing was heard of its resource is listed as stale, until the resource reports again. Runs are shown as they are, not as they are rounded.',
  })
  @ApiOkResponse({ type: LevelsView, description: 'A page of levels.' })
  @ApiProblems(404, 422)
  list(@Query() { account, meter, limit, cursor }: LevelsQuery): Promise<LevelsView> {
    const after = afterOf(cursor);
    return this.database.transaction(async (tx) => {
      const { id: accountId } = await this.accounts.byKey(tx, account);
      const meters = (await this.meters.all(tx)).filter(({ key }) => meter === undefined || key === meter);
      if (meter !== undefined && meters.length === 0) throw new Refusal('not_found', 'meter_not_found', `There is no meter "${meter}".`);
      const levels = meters.filter(({ aggregation }) => aggregation === 'time_weighted');
      if (meter !== undefined && levels.length === 0)
        throw new Refusal('unprocessable', 'meter_without_levels', `The meter "${meter}" is not time_weighted: it has no levels.`);
      const now = this.clock.now();
      const rows = await levelRows(tx, { accountId, meters: levels, now, after, limit: limit + 1 });
      const { data, nextCursor } = page(rows, limit, ({ meterId, name }) => [String(meterId), name]);
      const byId = new Map(levels.map((one) => [one.id, one]));
      return {
        data: data.flatMap((row) => [byId.get(row.meterId)].flatMap((found) => (found ? [levelView(row, found, now)] : []))),
        nextCursor,
      };
    });
  }
}

/** @throws Refusal `invalid_cursor` */
function afterOf(cursor: string | undefined): { readonly meterId: number; readonly name: string } {
  const [meterId = '0', name] = cursorKey(cursor) ?? ['0', ''];
  if (!/^\d{1,10}$/.test(meterId) || Number(meterId) > METER_ID_MAX || name === undefined)
    throw new Refusal(
      'invalid',
      'invalid_cursor',
      'The cursor is not one of this list: send the nextCursor of its last page, or leave it out.',
    );
  return { meterId: Number(meterId), name };
}
