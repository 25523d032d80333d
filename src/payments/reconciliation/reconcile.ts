import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Outbox } from '../../common/events/outbox.js';
import { newId } from '../../common/ids.js';
import { DAY, formatInstant, HOUR } from '../../domain/instant.js';
import { type Drift, type DriftKind, reconcile } from '../../domain/reconciliation.js';
import { Refusal } from '../../domain/refusal.js';
import type { PaymentProvider, ProviderRecord } from '../../providers/port.js';
import { Providers } from '../../providers/providers.js';
import { forgetMovements, insertOurs, insertTheirs, movementsOf } from './compared-movements.js';
import {
  type Compared,
  endReconciliation,
  findReconciliation,
  insertDrifts,
  insertReconciliation,
  type Reconciliation,
} from './reconciliation-records.js';

const RECORDS_AT_ONCE = 500;
const DRIFTS_AT_ONCE = 200;

/** How far around the range the provider's records are read: what is begun at its edge may be made beyond it. */
const AROUND = DAY;

/** What was begun so recently may be under way. */
const UNDER_WAY = HOUR;

type Counts = Partial<Record<DriftKind, number>>;

/** Compares our payments and refunds with the books of their provider, and keeps what differs. It moves no money, and mends nothing. */
@Injectable()
export class Reconcile {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly outbox: Outbox,
    private readonly providers: Providers,
  ) {}

  /**
   * One comparison, from its beginning: whatever stops it leaves a report that is not finished.
   * @throws Refusal `provider_not_found`, `not_reconcilable`, `empty_range`
   */
  async run(actor: Actor, compared: Compared): Promise<Reconciliation> {
    const provider = this.providers.named(compared.provider);
    if (!provider.records)
      throw new Refusal(
        'unprocessable',
        'not_reconcilable',
        `"${provider.name}" keeps no books that could be read: compare its statements by hand.`,
      );
    if (compared.from >= compared.to)
      throw new Refusal('unprocessable', 'empty_range', 'The range ends before it begins: send a "to" that is later than "from".');
    const at = this.clock.now();
    const id = newId('rec', at);
    await this.database.transaction((tx) => insertReconciliation(tx, id, compared, at));
    try {
      await this.gather(id, provider.records(compared.from - AROUND, compared.to + AROUND), compared);
      await this.finish(actor, id, compared, await this.compare(id, provider, compared));
    } catch (error) {
      await this.end(id, { status: 'failed', drifts: {}, failure: error instanceof Error ? error.message : String(error) });
      throw error;
    }
    return this.byId(id);
  }

  /** @throws Refusal `reconciliation_not_found` */
  async byId(id: string): Promise<Reconciliation> {
    const found = await this.database.transaction((tx) => findReconciliation(tx, id));
    if (!found) throw new Refusal('not_found', 'reconciliation_not_found', `There is no reconciliation "${id}".`);
    return found;
  }

  /** The provider is asked outside of any transaction. */
  private async gather(id: string, records: AsyncIterable<ProviderRecord>, compared: Compared): Promise<void> {
    let some: ProviderRecord[] = [];
    const store = async (): Promise<void> => {
      const stored = some;
      some = [];
      await this.database.transaction((tx) => insertTheirs(tx, id, stored));
    };
    for await (const record of records) {
      some.push(record);
      if (some.length === RECORDS_AT_ONCE) await store();
    }
    await store();
    await this.database.transaction((tx) => insertOurs(tx, id, compared));
  }

  private async compare(id: string, provider: PaymentProvider, compared: Compared): Promise<Counts> {
    const counts: Counts = {};
    let [some, n]: [(Drift & { n: number })[], number] = [[], 0];
    const store = async (): Promise<void> => {
      const stored = some;
      some = [];
      await this.database.transaction((tx) => insertDrifts(tx, id, stored));
    };
    const sides = [movementsOf(this.database, id, 'ours'), movementsOf(this.database, id, 'theirs')] as const;
    for await (const drift of reconcile(...sides, this.clock.now() - UNDER_WAY)) {
      if (!isOf(drift, compared) || (await isFarFrom(provider, drift))) continue;
      counts[drift.kind] = (counts[drift.kind] ?? 0) + 1;
      some.push({ ...drift, n: (n += 1) });
      if (some.length === DRIFTS_AT_ONCE) await store();
    }
    await store();
    return counts;
  }

  private async finish(actor: Actor, id: string, { provider, from, to }: Compared, drifts: Counts): Promise<void> {
    const what = { provider, from: formatInstant(from), to: formatInstant(to), drifts };
    await this.end(id, { status: 'finished', drifts, failure: null }, async (tx) => {
      await this.audit.record(tx, { actor, action: 'reconciliation.finished', subjectType: 'reconciliation', subjectId: id, after: what });
      if (Object.keys(drifts).length > 0)
        await this.outbox.add(tx, [{ type: 'reconciliation.drift_found', data: { reconciliation: id, ...what } }]);
    });
  }

  private end(
    id: string,
    end: Pick<Reconciliation, 'status' | 'drifts' | 'failure'>,
    also: Parameters<Database['transaction']>[0] = () => Promise.resolve(),
  ): Promise<void> {
    return this.database.transaction(async (tx) => {
      await endReconciliation(tx, id, { ...end, at: this.clock.now() });
      await forgetMovements(tx, id);
      await also(tx);
    });
  }
}

/** A drift belongs to the range where one of its sides does: what lies around it is there to be compared with. */
const isOf = ({ ours, theirs }: Drift, { from, to }: Compared): boolean =>
  [ours, theirs].some((one) => one !== null && from <= one.at && one.at < to);

/**
 * Whether a charge that is not among the provider's records was made all the same, far from the range: the provider is asked by its key.
 * @throws Error where it does not answer
 */
async function isFarFrom(provider: PaymentProvider, { kind, ours }: Drift): Promise<boolean> {
  if (ours === null || kind !== 'missing_at_provider') return false;
  const outcome = await provider.lookUp(ours.key, ours.customer === null ? undefined : { customer: ours.customer });
  if (outcome.kind === 'unknown') throw new Error(`${provider.name} could not be asked for ${ours.key}: ${outcome.reason}`);
  return outcome.kind === 'succeeded';
}
