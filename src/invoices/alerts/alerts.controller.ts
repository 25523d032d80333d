import { Body, Controller, Delete, Get, HttpCode, Put, Query, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database, type Tx } from '../../common/database/database.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { etagOf } from '../../common/http/etag.js';
import { Key, requireSameKey } from '../../common/http/key-param.js';
import { type Page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { formatInstant } from '../../domain/instant.js';
import type { AlertRow } from './alert.entity.js';
import { AlertRuns } from './alert-runs.js';
import { AlertView, PutAlertDto } from './alerts.dto.js';
import { AlertsService } from './alerts.service.js';

const AlertPage = pageOf(AlertView);

@ApiTags('usage')
@Controller({ path: 'alerts', version: '2' })
export class AlertsController {
  constructor(
    private readonly alerts: AlertsService,
    private readonly runs: AlertRuns,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'putAlert',
    summary: 'Create an alert, or change its name or thresholds, or archive it',
    description:
      'Each threshold fires once an account and billing period of the subscription that prices the meter (a calendar month in UTC where none does), within a minute: `usage.alert` in GET /v2/events. What was used already counts.',
  })
  @ApiOkResponse({ type: AlertView, description: 'The alert.' })
  @ApiProblems(404, 409, 412)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutAlertDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AlertView> {
    requireSameKey(key, body.key);
    const { row, view } = await this.writes.run(call, async (tx) => {
      const alert = await this.alerts.put(tx, call, key, body);
      await this.runs.wake(tx);
      return { row: alert, view: await this.view(tx, alert) };
    });
    void reply.header('etag', etagOf(row.revision));
    return view;
  }

  @Get(':key')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getAlert', summary: 'Read an alert' })
  @ApiOkResponse({ type: AlertView, description: 'The alert.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<AlertView> {
    const { row, view } = await this.database.transaction(async (tx) => {
      const alert = await this.alerts.byKey(tx, key);
      return { row: alert, view: await this.view(tx, alert) };
    });
    void reply.header('etag', etagOf(row.revision));
    return view;
  }

  @Get()
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listAlerts', summary: 'List alerts, newest first' })
  @ApiOkResponse({ type: AlertPage, description: 'A page of alerts.' })
  @ApiProblems()
  list(@Query() query: PageQuery): Promise<Page<AlertView>> {
    return this.database.transaction(async (tx) => {
      const { data, nextCursor } = await this.alerts.list(tx, query);
      const keys = await this.alerts.accountKeys(tx, data);
      return { data: data.map((row) => viewOf(row, keys)), nextCursor };
    });
  }

  @Delete(':key')
  @HttpCode(204)
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'deleteAlert',
    summary: 'Delete an alert',
    description: 'Its events stay. What has fired is forgotten: another alert under the same key begins anew.',
  })
  @ApiNoContentResponse({ description: 'It fires no more.' })
  @ApiProblems(404, 412)
  delete(@CurrentCall() call: Call, @Key() key: string): Promise<void> {
    return this.writes.run(call, (tx) => this.alerts.delete(tx, call, key));
  }

  private async view(tx: Tx, row: AlertRow): Promise<AlertView> {
    return viewOf(row, await this.alerts.accountKeys(tx, [row]));
  }
}

function viewOf(row: AlertRow, accounts: ReadonlyMap<string, string>): AlertView {
  const { key, name, accountId, plan, meter, measure, thresholds, archived, createdAt, updatedAt } = row;
  return {
    key,
    name,
    account: accountId === null ? null : (accounts.get(accountId) ?? null),
    plan,
    meter,
    on: measure,
    thresholds,
    archived,
    createdAt: formatInstant(createdAt),
    updatedAt: formatInstant(updatedAt),
  };
}
