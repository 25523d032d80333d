import { Body, Controller, HttpCode, Param, type PipeTransform, Post } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiOperation, ApiParam, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Actor } from '../../common/actor.js';
import { Database, type Tx } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { checkedBody } from '../../common/http/validation.js';
import { refuseAll } from '../../domain/refusal.js';
import type { NamedAction } from '../../domain/subscription/commands/decide.js';
import { ACTIONS, type ActionName } from '../../domain/subscription/commands/transitions.js';
import { READERS, startInput } from '../../subscriptions/actions.js';
import { type ChangeOptions, ChangeSubscription } from '../../subscriptions/change-subscription.js';
import { type AccountHistory } from '../../subscriptions/histories.js';
import { StartSubscription } from '../../subscriptions/start-subscription.js';
import { StartSubscriptionDto } from '../../subscriptions/subscriptions.dto.js';
import { PreviewBill } from './preview-bill.js';
import { previewView } from './preview-view.js';
import { PreviewView } from './previews.dto.js';

interface WantedAction {
  readonly action: NamedAction;
  readonly options: ChangeOptions;
}

/** The body of an action, with its name in it, by the rules of that action's own route. */
class ActionPipe implements PipeTransform<unknown, WantedAction> {
  transform(value: unknown): WantedAction {
    const { action, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as { action?: unknown };
    const name = ACTIONS.find((known) => known === action);
    if (name === undefined) {
      refuseAll([{ pointer: '/action', code: 'not_allowed', detail: `Must be one of: ${ACTIONS.join(', ')}.` }]);
      throw new RangeError('refused');
    }
    const { body, problems } = checkedBody(READERS[name].Body, rest);
    refuseAll(problems);
    return { action: READERS[name].read(body), options: body };
  }
}

const actionSchema = (name: ActionName): object => ({
  allOf: [
    { type: 'object', required: ['action'], properties: { action: { type: 'string', enum: [name] } } },
    { $ref: getSchemaPath(READERS[name].Body) },
  ],
});

@ApiTags('subscriptions')
@ApiExtraModels(...ACTIONS.map((name) => READERS[name].Body))
@Controller({ path: 'subscriptions', version: '2' })
export class PreviewsController {
  constructor(
    private readonly database: Database,
    private readonly start: StartSubscription,
    private readonly change: ChangeSubscription,
    private readonly preview: PreviewBill,
  ) {}

  @Post('preview')
  @HttpCode(200)
  @Scopes('subscriptions:read')
  @ApiOperation({
    operationId: 'previewStart',
    summary: 'What starting a subscription would be billed',
    description: 'The body is that of the start. Nothing is stored.',
  })
  @ApiOkResponse({ type: PreviewView, description: 'What would be due now, and the next invoice.' })
  @ApiProblems(400, 404, 409, 422)
  async previewStart(@CurrentCall() call: Call, @Body() body: StartSubscriptionDto): Promise<PreviewView> {
    return await this.previewed(async (tx) => await this.start.decided(tx, call.actor, startInput(body)));
  }

  @Post(':id/preview')
  @HttpCode(200)
  @Scopes('subscriptions:read')
  @ApiParam({ name: 'id', description: "The subscription's id.", schema: { type: 'string', pattern: '^sub_[0-9a-z]+$' } })
  @ApiBody({ schema: { oneOf: ACTIONS.map(actionSchema) } })
  @ApiOperation({
    operationId: 'previewAction',
    summary: 'What an action on a subscription would be billed',
    description: 'The body is that of the action, with its name in `action`. Nothing is stored.',
  })
  @ApiOkResponse({ type: PreviewView, description: 'What would be due now, and the next invoice.' })
  @ApiProblems(400, 404, 409, 422)
  async previewAction(@CurrentCall() call: Call, @Param('id') id: string, @Body(new ActionPipe()) wanted: unknown): Promise<PreviewView> {
    return await this.previewed(async (tx) => await this.after(tx, call.actor, id, wanted as WantedAction));
  }

  private async after(tx: Tx, actor: Actor, id: string, { action, options }: WantedAction): Promise<AccountHistory> {
    return (await this.change.decided(tx, actor, id, action, options)).after;
  }

  private async previewed(supposed: (tx: Tx) => Promise<AccountHistory>): Promise<PreviewView> {
    return await this.database.transaction(async (tx) => {
      const history = await supposed(tx);
      const { dueNow, next } = await this.preview.run(tx, history.accountId, history);
      return { dueNow: dueNow ? previewView(dueNow, 'now') : null, nextInvoice: next ? previewView(next, 'next') : null };
    });
  }
}
