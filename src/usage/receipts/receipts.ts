import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database, type Tx } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { DAY, parseInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { type CatalogMeter, MetersService } from '../../meters/meters.service.js';
import { refuseArchivedVoids } from '../archive/archived.js';
import { conditionsOf } from '../quantities/dimensions.js';
import { COMPACT, RECEIVED, VOIDED } from './receipts-sql.js';
import type { ReceiptsQuery, ReceiptView } from './receipts.dto.js';

const COMPACTION = 'usage.receipts_compaction';
const COMPACTION_LOCK = 727020;
const COMPACTED_AT_ONCE = 20_000;
const DAYS_MAX = 400n;

interface DayOfMeter {
  readonly meterId: number;
  readonly day: string;
}

/** What a reporter can hold against its own books: all that was accepted from it. */
@Injectable()
export class Receipts implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly meters: MetersService,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(COMPACTION, () => this.compact());
  }

  /** @throws Refusal `range_reversed`, `range_too_long`, `usage_archived` */
  async read(tx: Tx, { source, from, to }: ReceiptsQuery): Promise<ReceiptView[]> {
    const [start, end] = [`${from}T00:00:00Z`, `${to}T00:00:00Z`];
    const days = (parseInstant(end) - parseInstant(start)) / DAY;
    if (days < 0n) throw new Refusal('invalid', 'range_reversed', '"to" must not lie before "from".');
    if (days > DAYS_MAX) throw new Refusal('unprocessable', 'range_too_long', `Ask for at most ${String(DAYS_MAX)} days at once.`);
    const meters = await this.meters.all(tx);
    const received = await tx.query<(DayOfMeter & { events: bigint; total: string })[]>(RECEIVED, [source, from, to]);
    const voided = await tx.query<(DayOfMeter & { voided: bigint })[]>(VOIDED, [source, start, end, JSON.stringify(meters.map(takenBy))]);
    await refuseArchivedVoids(tx, start, end);
    const [keys, voids] = [
      new Map(meters.map(({ id, key }) => [id, key])),
      new Map(voided.map((row) => [nameOf(row), Number(row.voided)])),
    ];
    return received
      .map(({ meterId, day, events, total }) => ({
        day,
        meter: keys.get(meterId) ?? String(meterId),
        events: Number(events),
        total: total.includes('.') ? total.replace(/\.?0+$/, '') : total,
        voided: voids.get(nameOf({ meterId, day })) ?? 0,
      }))
      .sort((a, b) => (`${a.day} ${a.meter}` < `${b.day} ${b.meter}` ? -1 : 1));
  }

  /** Adds up what batches appended since. One at a time. */
  async compact(): Promise<void> {
    for (let rows = COMPACTED_AT_ONCE; rows === COMPACTED_AT_ONCE;)
      rows = await this.database.transaction(async (tx) => {
        const [lock] = await tx.query<{ taken: boolean }[]>('select pg_try_advisory_xact_lock($1) as taken', [COMPACTION_LOCK]);
        if (lock?.taken !== true) return 0;
        const [taken] = await tx.query<{ rows: number }[]>(COMPACT, [COMPACTED_AT_ONCE]);
        return taken?.rows ?? 0;
      });
  }
}

const nameOf = ({ meterId, day }: DayOfMeter): string => `${day} ${String(meterId)}`;

const takenBy = ({ id, eventType, snapshotType, filter }: CatalogMeter): object => ({
  id,
  eventType,
  snapshotType,
  conditions: conditionsOf(filter),
});
