import { Injectable } from '@nestjs/common';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { RowOrNulls } from '../common/api-keys/api-keys.service.js';
import { Database, type Statement, type Tx } from '../common/database/database.js';
import { insertOrLock } from '../common/database/insert-or-lock.js';
import { newestFirst } from '../common/database/newest-first.js';
import { defineFact, Hooks } from '../common/hooks.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { type Page, page, type PageQuery } from '../common/http/page.js';
import { meterProblems } from '../domain/catalog-rules.js';
import type { Meter } from '../domain/catalog.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { Refusal, refuseAll } from '../domain/refusal.js';
import { sameContent } from '../domain/same-content.js';
import { withoutAbsent } from '../domain/without-absent.js';
import { MeterRow } from './meter.entity.js';
import type { PutMeterDto } from './meters.dto.js';

/** Told when a meter is created, or redefined while nothing used it: earlier events may count now. */
export const meterDefined = defineFact<{ meter: string }>('meter.defined');

export type CatalogMeter = Meter & { readonly id: number; readonly inUse: boolean; readonly filling: boolean };

/** All meters as of one commit. */
export interface MeterCatalog {
  readonly revision: bigint;
  readonly meters: readonly CatalogMeter[];
}

@Injectable()
export class MetersService {
  private cache: MeterCatalog | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly hooks: Hooks,
  ) {}

  /** Creates or replaces a meter. Once it is in use only its name may change. */
  async put(tx: Tx, call: Call, key: string, input: PutMeterDto): Promise<MeterRow> {
    const { name, definition } = meterContentOf(input);
    refuseAll(meterProblems({ key, name, ...definition }));
    const now = this.clock.now();
    const fresh = { key, name, definition, inUse: false, fillsThrough: 0n, filledAt: now, revision: 1, createdAt: now, updatedAt: now };
    const { row, created } = await insertOrLock(tx, MeterRow, fresh as MeterRow, { key }); // the database numbers it
    checkIfMatch(call, created ? undefined : row.revision);
    const audited = { actor: call.actor, subjectType: 'meter', subjectId: key, after: { name, ...definition } };
    if (created) {
      await this.audit.record(tx, { ...audited, action: 'meter.created' });
      return await this.redefined(tx, key);
    }
    const redefines = !sameContent(row.definition, definition);
    if (!redefines && row.name === name) return row;
    if (redefines && row.inUse)
      throw new Refusal(
        'conflict',
        'meter_in_use',
        'Events or prices use this meter, so only its name may change: create a meter with another key.',
      );
    const changed = { name, definition, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(MeterRow).update({ key }, changed);
    await this.audit.record(tx, { ...audited, action: 'meter.changed', before: { name: row.name, ...row.definition } });
    if (redefines) return await this.redefined(tx, key);
    await this.raiseRevision(tx);
    return Object.assign(row, changed);
  }

  /** @throws Refusal `meter_not_found` */
  async byKey(tx: Tx, key: string): Promise<MeterRow> {
    const row = await tx.getRepository(MeterRow).findOneBy({ key });
    if (!row) throw new Refusal('not_found', 'meter_not_found', `There is no meter "${key}": create it with PUT /v2/meters/${key}.`);
    return row;
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<MeterRow>> {
    const rows = await newestFirst(tx.getRepository(MeterRow).createQueryBuilder('meter'), query).getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /** All meters, as of the last commit. */
  async all(tx?: Tx): Promise<readonly CatalogMeter[]> {
    const { meters } = await this.catalog(tx);
    return meters;
  }

  /**
   * All meters with the catalog's revision, which each change of a meter raises in its own transaction: they are loaded anew only when it
   * moved. Within a transaction by its connection, as a second one could be waited for by all who hold a first; what is loaded then is not
   * kept, for the transaction may have changed it.
   */
  async catalog(tx?: Tx): Promise<MeterCatalog> {
    const [current] = tx
      ? await tx.query<{ revision: bigint }[]>(REVISION.text)
      : await this.database.query<{ revision: bigint }>(REVISION);
    if (this.cache !== undefined && this.cache.revision === current?.revision) return this.cache;
    const loaded = await this.load(tx);
    if (!tx) this.cache = loaded;
    return loaded;
  }

  /** The back-fill of a meter begins, or has ended (`filledAt`). */
  async setFilling(tx: Tx, key: string, state: { readonly through?: bigint; readonly filledAt: Instant | null }): Promise<void> {
    await tx.query('update meter set fills_through = coalesce($2::bigint, fills_through), filled_at = $3 where key = $1', [
      key,
      state.through ?? null,
      state.filledAt === null ? null : formatInstant(state.filledAt),
    ]);
    await this.raiseRevision(tx);
  }

  /**
   * Fixes the definitions of these meters from now on, and answers those that exist as they stand: what was decided with a meter
   * that was not in use yet is to be decided again if its definition differs from the one answered here.
   */
  async markUsed(tx: Tx, keys: readonly string[]): Promise<CatalogMeter[]> {
    const first = await tx.query<unknown[]>(`select key from meter where key = any($1::text[]) and not in_use order by key for update`, [
      keys,
    ]);
    if (first.length > 0) {
      await tx.query('update meter set in_use = true, revision = revision + 1 where key = any($1::text[]) and not in_use', [keys]);
      await this.raiseRevision(tx);
    }
    const rows = await tx.query<MeterColumns[]>(`select ${METER_COLUMNS} from meter m where key = any($1::text[])`, [keys]);
    return rows.map(meterOf);
  }

  /** Whoever hears of it may wait for those who store events, and they wait for the revision: it is raised last. */
  private async redefined(tx: Tx, key: string): Promise<MeterRow> {
    await this.hooks.tell(tx, meterDefined, { meter: key });
    await this.raiseRevision(tx);
    return await this.byKey(tx, key);
  }

  private async raiseRevision(tx: Tx): Promise<void> {
    await tx.query(`update catalog_revision set revision = revision + 1 where catalog = 'meters'`);
  }

  /** One statement, so that the revision and the meters are of one snapshot. */
  private async load(tx?: Tx): Promise<MeterCatalog> {
    const rows = tx ? await tx.query<LoadedRow[]>(LOAD.text) : await this.database.query<LoadedRow>(LOAD);
    return {
      revision: rows[0]?.revision ?? 0n,
      meters: rows.flatMap(({ revision: _revision, ...meter }) => (isMeter(meter) ? [meterOf(meter)] : [])),
    };
  }
}

const REVISION: Statement = { name: 'meters-revision', text: `select revision from catalog_revision where catalog = 'meters'`, values: [] };

const METER_COLUMNS = `m.key, m.id, m.name, m.definition, m.in_use as "inUse", m.filled_at is null as filling`;

const LOAD: Statement = {
  name: 'meters-with-revision',
  text: `select c.revision, ${METER_COLUMNS} from catalog_revision c left join meter m on true where c.catalog = 'meters' order by m.key`,
  values: [],
};

interface MeterColumns extends Pick<CatalogMeter, 'key' | 'id' | 'name' | 'inUse' | 'filling'> {
  readonly definition: MeterRow['definition'];
}

/** Without any meter there is one row, of nulls. */
type LoadedRow = RowOrNulls<MeterColumns> & { readonly revision: bigint };

const isMeter = (row: RowOrNulls<MeterColumns>): row is MeterColumns => row.key !== null;

const meterOf = ({ definition, ...columns }: MeterColumns): CatalogMeter => ({ ...columns, ...definition });

export function meterContentOf(input: PutMeterDto): Pick<MeterRow, 'name' | 'definition'> {
  const { name, key: _key, ...definition } = input;
  return { name, definition: withoutAbsent(definition) };
}
