import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database, type Tx } from '../../common/database/database.js';
import { onlyCursor } from '../../common/database/newest-first.js';
import { type Call, CurrentCall } from '../../common/http/call.js';
import { Key } from '../../common/http/key-param.js';
import { type Page, page, pageOf, PageQuery } from '../../common/http/page.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import { Writes } from '../../common/http/writes.js';
import { currentReason } from '../../common/telemetry/request-context.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant } from '../../domain/instant.js';
import { PlansService } from '../../plans/plans.service.js';
import { WAIT_SECONDS } from '../invoices.dto.js';
import { listMigrations, type MigrationRecord } from './plan-migration-records.js';
import { MigratePlanDto, PlanMigrationView } from './plan-migrations.dto.js';
import { PlanMigrations } from './plan-migrations.js';

@ApiTags('catalog')
@Controller({ path: 'plans', version: '2' })
export class PlanMigrationsController {
  constructor(
    private readonly migrations: PlanMigrations,
    private readonly plans: PlansService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post(':key/migrations')
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'migratePlan',
    summary: 'Move holders of other versions of a plan to one version',
    description:
      'A worker does it. The answer comes when it has finished, or when the time to wait is over. One-time prices are not charged; whoever leaves the plan before it takes effect is left alone. Asked for again, it moves those who were not moved.',
  })
  @ApiCreatedResponse({ type: PlanMigrationView, description: 'The migration as it is now.' })
  @ApiProblems(400, 404, 409, 422)
  async create(@CurrentCall() call: Call, @Key() plan: string, @Body() body: MigratePlanDto): Promise<PlanMigrationView> {
    const { fromVersions = null, toVersion, when, dryRun = false, waitSeconds = WAIT_SECONDS } = body;
    const reason = body.reason ?? currentReason() ?? null; // holders are moved by a worker, under no request
    const { id } = await this.writes.once(call, async (tx) => ({
      id: await this.migrations.request(tx, call.actor, { plan, fromVersions, toVersion, takeEffect: when, dryRun, reason }),
    }));
    const record = await this.migrations.awaited(id, waitSeconds * 1000);
    return await this.database.transaction(async (tx) => view(record, await this.currency(tx, plan)));
  }

  @Get(':key/migrations')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listPlanMigrations', summary: 'Migrations of the holders of a plan, newest first' })
  @ApiOkResponse({ type: pageOf(PlanMigrationView), description: 'A page of migrations.' })
  @ApiProblems(400, 404)
  async list(@Key() plan: string, @Query() { limit, cursor }: PageQuery): Promise<Page<PlanMigrationView>> {
    return await this.database.transaction(async (tx) => {
      const currency = await this.currency(tx, plan);
      const { data, nextCursor } = page(await listMigrations(tx, plan, onlyCursor(cursor), limit + 1), limit, (row) => [row.id]);
      return { data: data.map((record) => view(record, currency)), nextCursor };
    });
  }

  @Get(':key/migrations/:id')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getPlanMigration', summary: 'One migration of the holders of a plan' })
  @ApiOkResponse({ type: PlanMigrationView, description: 'The migration as it is now.' })
  @ApiProblems(404)
  async read(@Key() plan: string, @Param('id') id: string): Promise<PlanMigrationView> {
    return await this.database.transaction(async (tx) => view(await this.migrations.one(tx, id), await this.currency(tx, plan)));
  }

  /** @throws Refusal `plan_not_found` */
  private async currency(tx: Tx, plan: string): Promise<string> {
    return (await this.plans.current(tx, plan)).content.currency;
  }
}

function view(record: MigrationRecord, currency: string): PlanMigrationView {
  const money = (minor: string): string => formatMoney(BigInt(minor), currency);
  const { id, plan, fromVersions, toVersion, dryRun, reason, status, holders, moved } = record;
  return {
    id,
    plan,
    fromVersions: fromVersions && [...fromVersions],
    toVersion,
    when: record.takeEffect,
    dryRun,
    reason,
    status,
    requestedAt: formatInstant(record.requestedAt),
    finishedAt: record.finishedAt === null ? null : formatInstant(record.finishedAt),
    holders,
    moved,
    refused: [...record.refused],
    dueNow: dryRun ? money(record.dueNowMinor) : null,
    recurringPerMonth: { before: money(record.beforeMinor), after: money(record.afterMinor) },
  };
}
