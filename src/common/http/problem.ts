import { applyDecorators, type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { Refusal, type RefusalKind } from '../../domain/refusal.js';

/** Where the domain's refusals become HTTP. */
export const STATUS_OF: Readonly<Record<RefusalKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unprocessable: 422,
  unavailable: 503,
};

export class FieldProblemDto {
  @ApiProperty({ description: 'Where, as a JSON pointer into the body.', example: '/prices/0/amount' })
  pointer!: string;

  @ApiProperty({ description: 'What, for programs.', example: 'invalid_decimal' })
  code!: string;

  @ApiProperty({ description: 'What to do, for people.' })
  detail!: string;
}

/** An error (RFC 9457). */
export class ProblemDto {
  @ApiProperty({ description: 'Names the kind of problem; its page is docs/errors.md.', example: 'urn:wharfage:problem:account_not_found' })
  type!: string;

  @ApiProperty({ description: 'The meaning of the status.', example: 'Not Found' })
  title!: string;

  @ApiProperty({ description: 'The HTTP status.', type: 'integer', example: 404 })
  status!: number;

  @ApiProperty({ description: 'What happened, for programs; never changes its meaning.', example: 'account_not_found' })
  code!: string;

  @ApiProperty({ description: 'What happened and what to do, for people.' })
  detail!: string;

  @ApiProperty({ description: 'Names the request in our logs.' })
  requestId!: string;

  @ApiPropertyOptional({ description: 'Every field at fault.', type: [FieldProblemDto] })
  errors?: FieldProblemDto[];
}

/** What a problem says, before it is tied to a request. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldProblemDto[];
}

/** What any request may be answered with: by its form, its key, its size or its number. */
const OF_EVERY_ROUTE = [400, 401, 403, 413, 415, 429];

const RETRY_AFTER = { 'Retry-After': { description: 'Seconds to wait before it is sent again.', schema: { type: 'integer' } } } as const;

/** Documents the problems that a route answers with; those of every route are added by themselves. */
export const ApiProblems = (...statuses: number[]): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ApiExtraModels(ProblemDto),
    ...[...new Set([...statuses, ...OF_EVERY_ROUTE])].sort().map((status) =>
      ApiResponse({
        status,
        description: STATUS_CODES[status] ?? 'Problem',
        ...(status === 503 ? { headers: RETRY_AFTER } : {}),
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } },
      }),
    ),
  );

/** Everything that is thrown becomes a problem document: what callers did wrong says so, what we did wrong says nothing of its inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    answerProblem(error, request, reply);
  }
}

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  const { retryAfterSeconds } = (error ?? {}) as { readonly retryAfterSeconds?: unknown };
  if (typeof retryAfterSeconds === 'number') void reply.header('retry-after', String(retryAfterSeconds));
  if (problem.status >= 500) request.log.error({ err: error, requestId: request.id }, 'request failed');
  void reply.status(problem.status).type('application/problem+json').send(problemBody(problem, request.id));
}

export const problemBody = ({ status, code, detail, errors }: Problem, requestId: string): ProblemDto => ({
  type: `urn:wharfage:problem:${code}`,
  title: STATUS_CODES[status] ?? 'Problem',
  status,
  code,
  detail,
  requestId,
  ...(errors === undefined || errors.length === 0 ? {} : { errors: [...errors] }),
});

const INTERNAL: Problem = {
  status: 500,
  code: 'internal_error',
  detail: 'Something failed on our side. Try again; if it stays, tell us the requestId.',
};

/** Fastify's and Nest's own errors under codes of ours. */
const CODES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  404: 'route_not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  414: 'url_too_long',
  415: 'unsupported_media_type',
  431: 'headers_too_large',
  503: 'unavailable',
};

export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return { status: STATUS_OF[error.kind], code: error.code, detail: error.detail, errors: error.problems };
  const {
    statusCode,
    code: own,
    message,
  } = (error ?? {}) as { readonly statusCode?: unknown; readonly code?: unknown; readonly message?: unknown };
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (typeof status !== 'number' || (status >= 500 && status !== 503)) return INTERNAL;
  const code = typeof own === 'string' && /^[a-z_]+$/.test(own) ? own : (CODES[status] ?? 'bad_request');
  return { status, code, detail: String(message) };
}
