import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../common/database/database.js';
import type { Recorded, Stretch } from '../common/datasets/recorded.js';
import { formatInstant, type Instant, parseInstant } from '../domain/instant.js';
import { Refusal } from '../domain/refusal.js';
import { Sealing } from '../ledger/sealing.js';
import { datasetNamed } from './datasets.js';
import { decodeCursor, encodeCursor, type ExportCursor, type Mark } from './export-cursor.js';
import type { ExportRequest } from './export-request.js';

/** From where to where an export goes, and where the next one goes on. */
export interface Begun {
  readonly from: string | null;
  readonly to: string | null;
  readonly stretches: readonly Stretch[];
  readonly nextCursor: string;
}

/** Finds out how far rows are recorded. A snapshot that is taken afterwards has all of them. */
@Injectable()
export class BeginExport {
  constructor(
    private readonly database: Database,
    private readonly sealing: Sealing,
  ) {}

  /**
   * A continued export keeps the range of the first one: what lies outside was never taken, and would be missed.
   * @throws Refusal `invalid_cursor`, `cursor_elsewhere`
   */
  async run(request: ExportRequest): Promise<Begun> {
    const { recorded } = datasetNamed(request.dataset);
    const cursor = request.after === undefined ? undefined : continued(decodeCursor(request.after), request);
    if (recorded.sealed) await this.sealing.run();
    const marks = await this.database.transaction(async (tx) => {
      if (recorded.first !== undefined) await tx.query(recorded.first);
      if (cursor) await refuseElsewhere(tx, recorded, cursor.marks);
      return marksNow(tx, recorded);
    });
    const { from, to } = cursor ?? { from: textOf(request.from), to: textOf(request.to) };
    return {
      from,
      to,
      stretches: marks.map(({ sequence, position }) => ({ sequence, after: reached(cursor, sequence), through: position })),
      nextCursor: encodeCursor({ dataset: request.dataset, from, to, marks }),
    };
  }
}

const textOf = (instant: Instant | undefined): string | null => (instant === undefined ? null : formatInstant(instant));

const reached = (cursor: ExportCursor | undefined, sequence: string): bigint =>
  cursor?.marks.find((mark) => mark.sequence === sequence)?.position ?? 0n;

const marksNow = (tx: Tx, { reached: sequences, mark }: Recorded): Promise<Mark[]> =>
  tx.query<Mark[]>(`select s.sequence, s.position, (${mark}) as mark from (${sequences}) s order by s.sequence`);

async function refuseElsewhere(tx: Tx, { mark }: Recorded, marks: readonly Mark[]): Promise<void> {
  const others = await tx.query<unknown[]>(
    `select from unnest($1::text[], $2::bigint[], $3::text[]) as s(sequence, position, mark) where s.mark is distinct from (${mark})`,
    [marks.map(({ sequence }) => sequence), marks.map(({ position }) => position.toString()), marks.map((one) => one.mark)],
  );
  if (others.length > 0)
    throw new Refusal(
      'conflict',
      'cursor_elsewhere',
      'The cursor is of another database, or of this one before it was set back: export a whole range, compare it with what you have, and go on from its cursor.',
    );
}

function continued(cursor: ExportCursor, { dataset, from, to }: ExportRequest): ExportCursor {
  const differs = (wanted: Instant | undefined, had: string | null): boolean =>
    wanted !== undefined && (had === null || parseInstant(had) !== wanted);
  if (cursor.dataset !== dataset || differs(from, cursor.from) || differs(to, cursor.to))
    throw new Refusal(
      'invalid',
      'invalid_cursor',
      `The cursor is of an export of ${cursor.dataset} ${rangeText(cursor)}: continue that one, without "from" and "to", or begin another without a cursor.`,
    );
  return cursor;
}

const rangeText = ({ from, to }: ExportCursor): string => `from ${from ?? 'the beginning'} ${to === null ? 'on' : `to ${to}`}`;
