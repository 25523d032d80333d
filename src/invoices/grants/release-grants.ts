import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { isExpired, sumOf } from '../../domain/billing/grants.js';
import { grantsReleasedEntry } from '../../domain/ledger.js';
import { LedgerService } from '../../ledger/ledger.service.js';
import { type EndingGrant, EndGrants } from './end-grants.js';
import { applicationsTo, endsOf, insertGrantEntries } from './grant-entries.js';
import { lockGrants } from './grant-records.js';

/** Gives grants back what they paid of an invoice that no longer stands. */
@Injectable()
export class ReleaseGrants {
  constructor(
    private readonly clock: Clock,
    private readonly ledger: LedgerService,
    private readonly ends: EndGrants,
  ) {}

  /**
   * Once for each invoice: the database refuses a second time. What comes back to a grant that has ended meanwhile ends with it, in the
   * same way. Answers how much came back, in minor units, what ended included.
   */
  async run(
    tx: Tx,
    actor: Actor,
    invoice: { readonly accountId: string; readonly id: string; readonly currency: string; readonly seller: string },
  ): Promise<bigint> {
    const { accountId, id, currency, seller } = invoice;
    const applied = await applicationsTo(tx, [invoice]);
    if (applied.length === 0) return 0n;
    const grants = await lockGrants(
      tx,
      applied.map(({ grant }) => ({ accountId, id: grant })),
    );
    const now = this.clock.now();
    await insertGrantEntries(
      tx,
      applied.map(({ grant, amountMinor }) => ({ accountId, grant, at: now, kind: 'released', amountMinor, invoiceId: id, reason: null })),
    );
    const entry = grantsReleasedEntry(applied, currency);
    await this.ledger.post(tx, [{ accountId, at: now, causeKind: 'invoice', causeId: id, seller, entry }]);
    const ends = await endsOf(tx, accountId, grants);
    const back = new Map(applied.map(({ grant, amountMinor }) => [grant, amountMinor]));
    const reason = `It came back from invoice ${id}.`;
    await this.ends.run(
      tx,
      actor,
      now,
      grants.flatMap((grant): EndingGrant[] => {
        const end = ends.get(grant.id) ?? (isExpired(grant, now) ? 'expired' : undefined);
        const remainingMinor = grant.remainingMinor + (back.get(grant.id) ?? 0n);
        return end === undefined ? [] : [{ grant: { ...grant, remainingMinor }, end, reason }];
      }),
    );
    return sumOf(applied);
  }
}
