import { Body, Controller, Get, HttpCode, Param, type PipeTransform, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { etagOf } from '../common/http/etag.js';
import { Key, requireSameKey } from '../common/http/key-param.js';
import { type Page, pageOf, PageQuery } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { Refusal } from '../domain/refusal.js';
import { planVersionView, planView } from './plan-view.js';
import { PlansQuery, PlanVersionView, PlanView, PutPlanDto } from './plans.dto.js';
import { PlansService } from './plans.service.js';
import { PutPlan } from './put-plan.js';

const PlanPage = pageOf(PlanView);
const PlanVersionPage = pageOf(PlanVersionView);

class VersionNumberPipe implements PipeTransform<string, number> {
  transform(value: string): number {
    if (!/^[1-9]\d{0,8}$/.test(value)) throw new Refusal('invalid', 'invalid_version', 'A version is a whole number from 1.');
    return Number(value);
  }
}

@ApiTags('catalog')
@Controller({ path: 'plans', version: '2' })
export class PlansController {
  constructor(
    private readonly plans: PlansService,
    private readonly putPlan: PutPlan,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Put(':key')
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'putPlan',
    summary: 'Create a plan, or its next version',
    description:
      'Answers the newest version. The content that the newest version has already changes nothing; other content makes the next version, which never changes those who hold an earlier one.',
  })
  @ApiOkResponse({ type: PlanView, description: 'The plan with its newest version.' })
  @ApiProblems(400, 409, 412, 422)
  async put(
    @CurrentCall() call: Call,
    @Key() key: string,
    @Body() body: PutPlanDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PlanView> {
    requireSameKey(key, body.key);
    const plan = await this.writes.run(call, (tx) => this.putPlan.run(tx, call, key, body));
    reply.header('etag', etagOf(plan.revision));
    return planView(plan);
  }

  @Get(':key')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getPlan', summary: 'Read a plan, with the version that is in force' })
  @ApiOkResponse({ type: PlanView, description: 'The plan with the version that is in force now.' })
  @ApiProblems(404)
  async get(@Key() key: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<PlanView> {
    const plan = await this.database.transaction((tx) => this.plans.current(tx, key));
    reply.header('etag', etagOf(plan.revision));
    return planView(plan);
  }

  @Get()
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listPlans', summary: 'List plans, newest first, with the versions that are in force' })
  @ApiOkResponse({ type: PlanPage, description: 'A page of plans.' })
  @ApiProblems(400)
  async list(@Query() query: PlansQuery): Promise<Page<PlanView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.plans.list(tx, query));
    return { data: data.map(planView), nextCursor };
  }

  @Get(':key/versions')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'listPlanVersions', summary: 'List the versions of a plan, newest first, pending ones included' })
  @ApiOkResponse({ type: PlanVersionPage, description: 'A page of versions.' })
  @ApiProblems(400, 404)
  async listVersions(@Key() key: string, @Query() query: PageQuery): Promise<Page<PlanVersionView>> {
    const { data, nextCursor } = await this.database.transaction((tx) => this.plans.versionsOf(tx, key, query));
    return { data: data.map(planVersionView), nextCursor };
  }

  @Get(':key/versions/:version')
  @Scopes('plans:read')
  @ApiOperation({ operationId: 'getPlanVersion', summary: 'Read a version of a plan' })
  @ApiParam({ name: 'version', description: 'Its number, from 1.', schema: { type: 'integer', minimum: 1 } })
  @ApiOkResponse({ type: PlanVersionView, description: 'The version, which never changes.' })
  @ApiProblems(400, 404)
  async getVersion(@Key() plan: string, @Param('version', VersionNumberPipe) version: number): Promise<PlanVersionView> {
    return planVersionView(await this.database.transaction((tx) => this.plans.versionRow(tx, { plan, version })));
  }

  @Post(':key/archive')
  @HttpCode(200)
  @Scopes('plans:write')
  @ApiOperation({
    operationId: 'archivePlan',
    summary: 'Stop selling a plan',
    description: 'Those who hold it keep it. Archiving it again changes nothing.',
  })
  @ApiOkResponse({ type: PlanView, description: 'The plan.' })
  @ApiProblems(400, 404, 409, 412, 422)
  async archive(@CurrentCall() call: Call, @Key() key: string): Promise<PlanView> {
    return await this.writes.once(call, async (tx) => planView(await this.plans.archive(tx, call, key)), { keyRequired: false });
  }

  @Post(':key/unarchive')
  @HttpCode(200)
  @Scopes('plans:write')
  @ApiOperation({ operationId: 'unarchivePlan', summary: 'Sell an archived plan again' })
  @ApiOkResponse({ type: PlanView, description: 'The plan.' })
  @ApiProblems(400, 404, 409, 412, 422)
  async unarchive(@CurrentCall() call: Call, @Key() key: string): Promise<PlanView> {
    return await this.writes.once(call, async (tx) => planView(await this.plans.unarchive(tx, call, key)), { keyRequired: false });
  }
}
