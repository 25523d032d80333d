import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../common/database/database.js';
import { Key } from '../common/http/key-param.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Refusal } from '../domain/refusal.js';
import { PlansService } from '../plans/plans.service.js';
import { HUB, isSold, planView } from './plans.js';
import { V1PlanView } from './v1.dto.js';

const PLANS_MAX = 200;

@ApiTags('v1')
@Controller({ path: 'plans', version: '1' })
export class V1PlansController {
  constructor(
    private readonly plans: PlansService,
    private readonly database: Database,
  ) {}

  @Get()
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1ListPlans', summary: 'Plans, the cheapest first' })
  @ApiOkResponse({ type: [V1PlanView], description: 'The plans that are sold, or were.' })
  @ApiProblems()
  async list(): Promise<V1PlanView[]> {
    const { data } = await this.database.transaction((tx) => this.plans.list(tx, { product: HUB, limit: PLANS_MAX }));
    return data
      .filter(({ content }) => isSold(content))
      .map(({ key, version, archivedAt, content }) => planView({ plan: key, version, ...content }, archivedAt === null))
      .sort((a, b) => a.price_in_cents - b.price_in_cents || (a.plan_code < b.plan_code ? -1 : 1));
  }

  @Get(':plan_code')
  @Scopes('v1')
  @ApiOperation({ operationId: 'v1GetPlan', summary: 'One plan' })
  @ApiOkResponse({ type: V1PlanView, description: 'The plan.' })
  @ApiProblems(404)
  async get(@Key('plan_code') plan: string): Promise<V1PlanView> {
    const { version, archivedAt, content } = await this.database.transaction((tx) => this.plans.current(tx, plan));
    if (!isSold(content))
      throw new Refusal('not_found', 'plan_not_found', `There is no plan "${plan}": GET /v1/plans lists those there are.`);
    return planView({ plan, version, ...content }, archivedAt === null);
  }
}
