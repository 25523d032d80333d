import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Admission } from '../../common/http/admission.js';
import { BodyRoom } from '../../common/http/body-room.js';
import { problemBody, problemOf } from '../../common/http/problem.js';
import type { ChunkReportDto, ReportDto } from '../usage.dto.js';
import { type Chunk, chunksOf } from './chunks.js';
import { type EventResult, Intake } from './intake.js';
import { Report } from './report.js';

/** A stream of lines, with the request that it came in. */
export interface EventStream {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly body: Readable;
  readonly verbose: boolean;
}

interface Committed extends Chunk {
  readonly results: readonly EventResult[];
}

/** Streams of lines, committed chunk by chunk: what was committed stays, whatever comes of the rest. */
@Injectable()
export class EventStreams {
  constructor(
    private readonly intake: Intake,
    private readonly admission: Admission,
    private readonly room: BodyRoom,
  ) {}

  /** One answer, once all is committed. */
  async summary(stream: EventStream): Promise<ReportDto> {
    const report = new Report(stream.verbose);
    for await (const { results, first, lines } of this.commit(stream)) report.add(results, { first, lines });
    return report.dto;
  }

  /**
   * A line of JSON for each chunk when it is committed. What goes wrong before the first one is thrown; later there is a last line that is a
   * problem document.
   */
  async lines(stream: EventStream): Promise<Readable> {
    const chunks = this.commit(stream);
    const first = await chunks.next();
    return Readable.from(linesFrom(first, chunks, stream));
  }

  /** Every chunk is a request of its own: its key is looked at again, and counted. */
  private async *commit({ request, reply, body }: EventStream): AsyncGenerator<Committed> {
    for await (const chunk of chunksOf(body, this.room)) {
      const actor = await this.admission.again(request, 'usage:write');
      if (chunk.first > 0) this.admission.count(actor, reply);
      yield { ...chunk, results: await this.intake.report(actor, chunk.events) };
    }
  }
}

async function* linesFrom(
  first: IteratorResult<Committed, void>,
  chunks: AsyncGenerator<Committed>,
  { request, verbose }: EventStream,
): AsyncGenerator<string> {
  try {
    for (let next = first; next.done !== true; next = await chunks.next()) yield `${JSON.stringify(reportOf(next.value, verbose))}\n`;
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status >= 500) request.log.error({ err: error, requestId: request.id }, 'stream ended');
    yield `${JSON.stringify(problemBody(problem, request.id))}\n`;
  } finally {
    await chunks.return(undefined);
  }
}

const reportOf = ({ results, first, lines }: Committed, verbose: boolean): ChunkReportDto => ({
  ...new Report(verbose).add(results, { first, lines }).dto,
  throughLine: lines.at(-1) ?? 0,
});
