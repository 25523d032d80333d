import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../accounts/accounts.service.js';
import { Database } from '../common/database/database.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import type { UsageFilter } from '../domain/catalog.js';
import { shown } from '../domain/decimal.js';
import { formatInstant, parseInstant } from '../domain/instant.js';
import type { GroupUsage } from '../domain/metering/question.js';
import { Refusal } from '../domain/refusal.js';
import type { AccountQuestion } from './quantities/answer.js';
import { type UsageGroupView, UsageQuery, UsageView } from './usage-query.dto.js';
import { usageSeries } from './usage-series.js';
import { UsageService } from './usage.service.js';

@ApiTags('usage')
@Controller({ path: 'usage', version: '2' })
export class UsageQueryController {
  constructor(
    private readonly usage: UsageService,
    private readonly accounts: AccountsService,
    private readonly database: Database,
  ) {}

  @Get('query')
  @Scopes('usage:read')
  @ApiOperation({
    operationId: 'queryUsage',
    summary: 'How much of a meter an account used',
    description:
      'The totals, and with `window` a series of at most 2,000 windows (times groups). Never behind what was acknowledged. A level that holds is taken to go on, also in a range that has not passed yet.',
  })
  @ApiOkResponse({ type: UsageView, description: 'The total, or one for each group, and the series.' })
  @ApiProblems(404, 409, 422)
  query(@Query() query: UsageQuery): Promise<UsageView> {
    const { meter, account, groupBy, window: unit } = query;
    const [from, to] = [parseInstant(query.from), parseInstant(query.to)];
    if (to < from) throw new Refusal('invalid', 'range_reversed', '"to" must not lie before "from".');
    return this.database.transaction(async (tx) => {
      const { id: accountId, timeZone: own } = await this.accounts.byKey(tx, account);
      const filter = filterOf(query.filter);
      const question: AccountQuestion = { accountId, meter, from, to, ...(groupBy && { groupBy }), ...(filter && { filter }) };
      const head = { meter, account, from: formatInstant(from), to: formatInstant(to) };
      if (unit === undefined) {
        const [total = []] = await this.usage.answer(tx, [question]);
        return { ...head, data: total.map(view) };
      }
      const timeZone = query.timeZone ?? own;
      const { total, windows } = await usageSeries(tx, this.usage, question, { unit, timeZone });
      const series = windows.map(({ start, end, usage }) => ({
        start: formatInstant(start),
        end: formatInstant(end),
        data: usage.map(view),
      }));
      return { ...head, window: unit, timeZone, data: total.map(view), series };
    });
  }
}

/** `property:value`, by property. */
function filterOf(pairs: readonly string[] | undefined): UsageFilter | undefined {
  if (pairs === undefined) return undefined;
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    const at = pair.indexOf(':');
    const property = pair.slice(0, at);
    values.set(property, [...(values.get(property) ?? []), pair.slice(at + 1)]);
  }
  return Object.fromEntries(values);
}

const view = ({ group, quantity, events }: GroupUsage): UsageGroupView => ({
  group: { ...group },
  quantity: quantity === null ? null : shown(quantity),
  events: Number(events),
});
