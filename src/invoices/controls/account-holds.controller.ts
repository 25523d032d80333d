import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { Key } from '../../common/http/key-param.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { ParkedAccountView } from '../invoices.dto.js';
import { HoldAccountDto, ReleasedAccountView } from './account-holds.dto.js';
import { AccountHolds } from './account-holds.js';

@ApiTags('invoices')
@Controller({ path: 'accounts', version: '2' })
export class AccountHoldsController {
  constructor(
    private readonly holds: AccountHolds,
    private readonly writes: Writes,
  ) {}

  @Post(':key/hold')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'holdAccount',
    summary: 'Bill an account nothing until it is released',
    description:
      'Subscriptions may still change; what falls due meanwhile is billed after the release. It is listed among the parked accounts.',
  })
  @ApiOkResponse({ type: ParkedAccountView, description: 'As it is listed.' })
  @ApiProblems(404, 409)
  hold(@CurrentCall() call: Call, @Key() key: string, @Body() { reason }: HoldAccountDto): Promise<ParkedAccountView> {
    return this.writes.once(call, async (tx) => ({ account: key, ...(await this.holds.hold(tx, call.actor, key, reason)) }));
  }

  @Post(':key/release')
  @HttpCode(200)
  @Scopes('invoices:write')
  @ApiOperation({
    operationId: 'releaseAccount',
    summary: 'Take an account that is on hold, or parked, back into the runs',
    description: 'The next run bills what has fallen due.',
  })
  @ApiOkResponse({ type: ReleasedAccountView, description: 'It is back.' })
  @ApiProblems(404, 409)
  release(@CurrentCall() call: Call, @Key() key: string): Promise<ReleasedAccountView> {
    return this.writes.once(call, async (tx) => {
      await this.holds.release(tx, call.actor, key);
      return { account: key };
    });
  }
}
