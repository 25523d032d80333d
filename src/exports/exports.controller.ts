import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HttpCode } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Database } from '../common/database/database.js';
import { type Call, CurrentCall } from '../common/http/call.js';
import { cursorKey, type Page, page, pageOf, PageQuery } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { Writes } from '../common/http/writes.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { BackgroundExports } from './background-exports.js';
import { type ExportFile, listFiles } from './export-files.js';
import { ExportView, FileManifestView } from './export-files.dto.js';
import { fileNameOf } from './export-request.js';
import { CreateExportDto, requestOf } from './exports.dto.js';
import { FORMAT } from './formats/formats.js';

@ApiTags('exports')
@Controller({ path: 'exports', version: '2' })
export class ExportsController {
  constructor(
    private readonly files: BackgroundExports,
    private readonly writes: Writes,
    private readonly database: Database,
  ) {}

  @Post()
  @HttpCode(202)
  @Scopes('exports:read')
  @ApiOperation({
    operationId: 'createExport',
    summary: 'Export to a file in the background',
    description: 'A worker writes it. Read the export until it is finished, then download it; its file is kept for some days.',
  })
  @ApiAcceptedResponse({ type: ExportView, description: 'The export, which has not begun yet.' })
  @ApiProblems(409, 422)
  create(@CurrentCall() call: Call, @Body() { dataset, ...fields }: CreateExportDto): Promise<ExportView> {
    const request = requestOf(dataset, fields);
    return this.writes.once(call, async (tx) => view(await this.files.request(tx, call.actor, request)));
  }

  @Get()
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'listExports', summary: 'Exports in the background, newest first' })
  @ApiOkResponse({ type: pageOf(ExportView), description: 'A page of exports.' })
  @ApiProblems()
  async list(@Query() { limit, cursor }: PageQuery): Promise<Page<ExportView>> {
    const [after] = cursorKey(cursor) ?? [];
    const rows = await this.database.transaction((tx) => listFiles(tx, after, limit + 1));
    const { data, nextCursor } = page(rows, limit, ({ id }) => [id]);
    return { data: data.map(view), nextCursor };
  }

  @Get(':id')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getExport', summary: 'One export in the background, with its manifest' })
  @ApiOkResponse({ type: ExportView, description: 'The export as it is now.' })
  @ApiProblems(404)
  async read(@Param('id') id: string): Promise<ExportView> {
    return view(await this.one(id));
  }

  @Get(':id/download')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'downloadExport', summary: 'The file of an export' })
  @ApiOkResponse({
    description: 'The file.',
    content: Object.fromEntries(
      Object.values(FORMAT).map(({ contentType }) => [
        contentType.split(';')[0] ?? '',
        { schema: contentType.includes('json') ? { type: 'object', additionalProperties: true } : { type: 'string', format: 'binary' } },
      ]),
    ),
  })
  @ApiProblems(404, 409)
  async download(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const file = await this.one(id);
    const stream = await this.files.download(file);
    const { manifest, request } = file;
    if (manifest) reply.header('content-length', manifest.bytes).header('repr-digest', digestOf(manifest));
    await reply
      .header('content-type', FORMAT[request.format].contentType)
      .header('content-disposition', `attachment; filename="${fileNameOf(request)}"`)
      .send(stream);
  }

  private one(id: string): Promise<ExportFile> {
    return this.database.transaction((tx) => this.files.one(tx, id));
  }
}

const digestOf = ({ sha256 }: FileManifestView): string => `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;

const textOf = (instant: Instant | null): string | null => (instant === null ? null : formatInstant(instant));

const view = ({ id, request, status, requestedAt, finishedAt, expiresAt, manifest, failure }: ExportFile): ExportView => ({
  id,
  dataset: request.dataset,
  format: request.format,
  status,
  requestedAt: formatInstant(requestedAt),
  finishedAt: textOf(finishedAt),
  expiresAt: textOf(expiresAt),
  manifest,
  failure: failure === null ? null : { ...failure, errors: [...failure.errors] },
});
