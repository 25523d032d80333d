import { Controller, Get, Query, Res, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags, getSchemaPath, ApiExtraModels } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Dataset } from '../common/datasets/dataset.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { fileNameOf } from './export-request.js';
import { ExportManifestView, ExportQuery, requestOf } from './exports.dto.js';
import { Exports } from './exports.service.js';
import { FORMAT } from './formats/formats.js';
import { manifestHeader } from './manifest.js';

const BINARY = { schema: { type: 'string', format: 'binary' } } as const;
const TEXT = { schema: { type: 'string' } } as const;

/** The route of one dataset. */
export function datasetController({ name, row, columns }: Dataset): Type<unknown> {
  const title = name.replace(/(^|-)([a-z])/g, (_all, _dash, letter: string) => letter.toUpperCase());
  const listed = columns
    .filter(({ hidden }) => !hidden)
    .map((column) => `\`${column.name}\``)
    .join(', ');

  @ApiTags('exports')
  @Controller({ path: `exports/${name}`, version: '2' })
  class DatasetController {
    constructor(private readonly exports: Exports) {}

    @Get()
    @Scopes('exports:read')
    @ApiExtraModels(ExportManifestView)
    @ApiOperation({
      operationId: `export${title}`,
      summary: `Export rows, each ${row}`,
      description: `In their order, all of one snapshot. Columns: ${listed}.`,
    })
    @ApiOkResponse({
      description: 'The rows; with `manifest=only` what they come to.',
      headers: {
        'Wharfage-Export-Manifest': { description: 'The manifest, as JSON.', schema: { type: 'string' } },
        Trailer: { description: '`Repr-Digest`: SHA-256 of the file (RFC 9530), after its last byte.', schema: { type: 'string' } },
      },
      content: {
        'application/json': { schema: { $ref: getSchemaPath(ExportManifestView) } },
        'text/csv': TEXT,
        [FORMAT.jsonl.contentType]: { schema: { type: 'object', additionalProperties: true } },
        [FORMAT.xlsx.contentType]: BINARY,
        [FORMAT.parquet.contentType]: BINARY,
      },
    })
    @ApiProblems(404, 409, 422)
    async read(@Query() query: ExportQuery, @Res() reply: FastifyReply): Promise<void> {
      const request = requestOf(name, query);
      if (query.manifest === 'only') {
        await reply.send(await this.exports.manifest(request));
        return;
      }
      const { manifest, bytes, sha256 } = await this.exports.open(request);
      reply.trailer('repr-digest', (_reply, _payload, done) => {
        done(null, `sha-256=:${sha256().toString('base64')}:`);
      });
      await reply
        .header('content-type', FORMAT[request.format].contentType)
        .header('content-disposition', `attachment; filename="${fileNameOf(request)}"`)
        .header('wharfage-export-manifest', manifestHeader(manifest))
        .send(bytes);
    }
  }
  Object.defineProperty(DatasetController, 'name', { value: `${title}ExportController` });
  return DatasetController;
}
