import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { Hooks } from '../../common/hooks.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { meterDefined, MetersService } from '../../meters/meters.service.js';
import { refuseArchivedTypes } from '../archive/archived.js';
import { LAST_POSITION, SHARE_INGEST, STOP_INGEST } from '../late-marks.js';
import { countLevels } from '../rollups/count-levels.js';
import { countNumbers } from '../rollups/count-numbers.js';
import { advanceFill, beginFill, endFill, lockFill } from './fill-rows.js';
import { nextToFill } from './next-to-fill.js';

const TASK = 'usage.fill-meter';
const CHUNK_EVENTS = 2_000;

/** Lets a new meter count the events that were there before it. What is stored from then on it counts as any other. */
@Injectable()
export class FillMeters implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly hooks: Hooks,
    private readonly jobs: Jobs,
    private readonly meters: MetersService,
  ) {}

  onModuleInit(): void {
    this.hooks.on(meterDefined, (tx, { meter }) => this.begin(tx, meter));
    this.jobs.handle(TASK, (payload) => this.run((payload as { meter: string }).meter));
  }

  /** Counts all that is left, one chunk in a transaction: it may be killed at any moment, and goes on where it stopped. */
  async run(key: string): Promise<void> {
    while (await this.chunk(key));
  }

  /** @returns whether there may be more */
  async chunk(key: string, limit = CHUNK_EVENTS): Promise<boolean> {
    return await this.database.transaction(async (tx) => {
      await tx.query(SHARE_INGEST);
      const meter = (await this.meters.all(tx)).find((one) => one.key === key);
      const fill = meter && (await lockFill(tx, meter.id));
      if (!meter || !fill) return false;
      const next = await nextToFill(tx, meter, fill, limit);
      if (!next) {
        await endFill(tx, meter.id);
        await this.meters.setFilling(tx, key, { filledAt: this.clock.now() });
        return false;
      }
      if (!meter.inUse && next.events.some(({ measures }) => measures.length > 0)) await this.meters.markUsed(tx, [key]);
      await countNumbers(tx, next.events);
      await countLevels(tx, next.events);
      await advanceFill(tx, meter.id, next.reached);
      return true;
    });
  }

  /**
   * Everything that was stored has a position up to the sequence's last one, and everything that will be has a later one: nothing is being
   * stored while the lock is held.
   * @throws Refusal `usage_archived`: the meter would count less than there was
   */
  private async begin(tx: Tx, key: string): Promise<void> {
    await tx.query(STOP_INGEST);
    const { id, definition, filledAt } = await this.meters.byKey(tx, key);
    const types = [definition.eventType, definition.snapshotType].filter((type) => type !== undefined);
    const [found] = await tx.query<{ there: boolean; last: bigint }[]>(
      `select exists (select 1 from usage_event_type where type = any($1::text[])) as there, ${LAST_POSITION} as last`,
      [types],
    );
    if (found?.there === true) {
      await refuseArchivedTypes(tx, types);
      await beginFill(tx, id, found.last);
      await this.meters.setFilling(tx, key, { through: found.last, filledAt: null });
      await this.jobs.add(tx, TASK, { meter: key }, { key: `${TASK} ${key}` });
    } else if ((await endFill(tx, id)) || filledAt === null) await this.meters.setFilling(tx, key, { filledAt: this.clock.now() });
  }
}
