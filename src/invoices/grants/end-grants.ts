import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import type { Tx } from '../../common/database/database.js';
import { formatMoney } from '../../domain/currency.js';
import type { Instant } from '../../domain/instant.js';
import { grantEndedEntry } from '../../domain/ledger.js';
import { LedgerService } from '../../ledger/ledger.service.js';
import { insertGrantEntries } from './grant-entries.js';
import type { GrantRow } from './grant-records.js';

/** A grant that is locked, and how it ends. */
export interface EndingGrant {
  readonly grant: GrantRow;
  readonly end: 'expired' | 'voided';
  readonly reason: string | null;
}

/** Writes off what is left of grants. Only a paid one is known to the ledger: a promotional one that bought nothing never was anything. */
@Injectable()
export class EndGrants {
  constructor(
    private readonly ledger: LedgerService,
    private readonly audit: Audit,
  ) {}

  async run(tx: Tx, actor: Actor, at: Instant, ending: readonly EndingGrant[]): Promise<void> {
    const entries = await insertGrantEntries(
      tx,
      ending.map(({ grant, end, reason }) => ({
        accountId: grant.accountId,
        grant: grant.id,
        at,
        kind: end,
        amountMinor: -grant.remainingMinor,
        invoiceId: null,
        reason,
      })),
    );
    await this.ledger.post(
      tx,
      ending.flatMap(({ grant: { accountId, kind, currency, remainingMinor }, end }, i) =>
        kind === 'promotional'
          ? []
          : [
              {
                accountId,
                at,
                causeKind: 'grant_entry' as const,
                causeId: entries[i]?.id ?? '',
                entry: grantEndedEntry(end, remainingMinor, currency),
              },
            ],
      ),
    );
    await this.audit.recordMany(
      tx,
      ending.map(({ grant, end, reason }) => ({
        actor,
        action: `credit_grant.${end}`,
        accountId: grant.accountId,
        subjectType: 'credit_grant',
        subjectId: grant.id,
        after: { amount: formatMoney(grant.remainingMinor, grant.currency), currency: grant.currency },
        ...(reason !== null && { reason }),
      })),
    );
  }
}
