import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Database } from '../database/database.js';
import { type Call, CurrentCall } from '../http/call.js';
import { type Page, pageOf, PageQuery } from '../http/page.js';
import { ApiProblems } from '../http/problem.js';
import { Scopes } from '../http/scopes.js';
import { Writes } from '../http/writes.js';
import { ApiKeyView, CreateApiKeyDto, NewApiKeyView, RotateApiKeyDto } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('administration')
@Controller({ path: 'api-keys', version: '2' })
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post()
  @Scopes('admin')
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make an API key',
    description: 'Under an Idempotency-Key one is made, and shown once: the same request again is refused, naming the key that was made.',
  })
  @ApiCreatedResponse({ type: NewApiKeyView, description: 'The key, shown this once.' })
  @ApiProblems(409, 422)
  create(@CurrentCall() call: Call, @Body() body: CreateApiKeyDto): Promise<NewApiKeyView> {
    return this.writes.onceShown(call, (tx) => this.keys.create(tx, call.actor, body));
  }

  @Post(':id/rotate')
  @Scopes('admin')
  @ApiOperation({ operationId: 'rotateApiKey', summary: 'Replace an API key, with an overlap' })
  @ApiCreatedResponse({ type: NewApiKeyView, description: 'The new key, shown this once.' })
  @ApiProblems(404, 409)
  rotate(@CurrentCall() call: Call, @Param('id') id: string, @Body() body: RotateApiKeyDto): Promise<NewApiKeyView> {
    return this.writes.run(call, (tx) => this.keys.rotate(tx, call.actor, id, body.overlapSeconds));
  }

  @Delete(':id')
  @HttpCode(204)
  @Scopes('admin')
  @ApiOperation({ operationId: 'revokeApiKey', summary: 'Revoke an API key at once' })
  @ApiNoContentResponse({ description: 'It works no more.' })
  @ApiProblems(404)
  revoke(@CurrentCall() call: Call, @Param('id') id: string): Promise<void> {
    return this.writes.run(call, (tx) => this.keys.revoke(tx, call.actor, id));
  }

  @Get()
  @Scopes('admin')
  @ApiOperation({ operationId: 'listApiKeys', summary: 'The API keys, newest first' })
  @ApiOkResponse({ type: pageOf(ApiKeyView), description: 'Without their secrets.' })
  @ApiProblems()
  list(@Query() query: PageQuery): Promise<Page<ApiKeyView>> {
    return this.database.transaction((tx) => this.keys.list(tx, query));
  }
}
