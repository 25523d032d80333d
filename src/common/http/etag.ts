import type { FastifyReply, FastifyRequest } from 'fastify';

/** The strong entity tag of a resource's version. */
export const etagOf = (version: number | bigint | string): string => `"${String(version)}"`;

interface KeptAnswer {
  readonly revision: bigint;
  /** JSON. */
  readonly answer: string;
}

/** Answers with what is kept, as `shown` makes it JSON, or with 304 where the caller has that revision. */
export function tagged(
  request: FastifyRequest,
  reply: FastifyReply,
  { revision, answer }: KeptAnswer,
  shown: (answer: string) => string,
): FastifyReply {
  const etag = etagOf(revision);
  void reply.header('etag', etag).header('cache-control', 'no-cache');
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim());
  if (known?.some((tag) => tag === '*' || tag === etag)) return reply.status(304).send();
  return reply.header('content-type', 'application/json; charset=utf-8').send(shown(answer));
}
