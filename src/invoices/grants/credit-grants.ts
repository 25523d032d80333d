import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { accountIdFor, newId } from '../../common/ids.js';
import { GRANT_PRIORITY, type GrantKind, isExpired } from '../../domain/billing/grants.js';
import { formatMoney, parseMoney } from '../../domain/currency.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { grantFundedEntry } from '../../domain/ledger.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { LedgerService } from '../../ledger/ledger.service.js';
import { EndGrants } from './end-grants.js';
import { findGrant, type GrantRecord, type GrantRow, insertGrant, lockGrants, openGrants } from './grant-records.js';

export interface WantedGrant {
  /** In major units of the account's currency. */
  readonly amount: string;
  readonly kind: GrantKind;
  readonly priority?: number | undefined;
  readonly expiresAt: Instant | null;
  readonly description?: string | undefined;
}

/** Which grant: an id under another account's key names none. */
export interface GrantName {
  /** The account's key. */
  readonly account: string;
  readonly id: string;
}

/** Grants of credit to accounts: given, ended, and what is left of them. What they pay is decided where invoices are made. */
@Injectable()
export class CreditGrants {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
    private readonly ledger: LedgerService,
    private readonly ends: EndGrants,
  ) {}

  /**
   * In the account's currency, which it fixes; it pays for invoices that are issued from then on. The account is locked, so that nobody changes
   * the currency meanwhile.
   * @throws Refusal `account_not_found`, `invalid_money`, `invalid_request`
   */
  async give(tx: Tx, actor: Actor, account: string, { amount, priority, description, ...wanted }: WantedGrant): Promise<GrantRecord> {
    const { id: accountId, currency } = await this.accounts.locked(tx, account);
    const now = this.clock.now();
    if (isExpired(wanted, now))
      refuseAll([
        { pointer: '/expiresAt', code: 'expires_in_the_past', detail: 'The grant would never pay: choose an instant that lies ahead.' },
      ]);
    const amountMinor = parseMoney(amount, currency);
    const grant: GrantRow = {
      ...wanted,
      accountId,
      id: newId('grant', now, accountId),
      currency,
      priority: priority ?? GRANT_PRIORITY.standard,
      amountMinor,
      remainingMinor: amountMinor,
      description: description ?? null,
      createdAt: now,
    };
    await insertGrant(tx, grant);
    if (grant.kind === 'paid')
      await this.ledger.post(tx, [
        { accountId, at: now, causeKind: 'credit_grant', causeId: grant.id, entry: grantFundedEntry(amountMinor, currency) },
      ]);
    await this.audit.record(tx, {
      actor,
      action: 'credit_grant.given',
      accountId,
      subjectType: 'credit_grant',
      subjectId: grant.id,
      after: toldOf(grant),
    });
    return { ...grant, appliedMinor: 0n, expiredMinor: 0n, voidedMinor: 0n };
  }

  /** Ends a grant before its time: what it paid stays paid, what is left pays for nothing. @throws Refusal `credit_grant_not_found`, `credit_grant_ended` */
  async end(tx: Tx, actor: Actor, name: GrantName, { end, reason }: { end: 'expired' | 'voided'; reason: string }): Promise<GrantRecord> {
    const { accountId, id } = await this.one(tx, name);
    const [grant] = await lockGrants(tx, [{ accountId, id }]);
    const now = this.clock.now();
    if (!grant || grant.remainingMinor === 0n || isExpired(grant, now))
      throw new Refusal(
        'conflict',
        'credit_grant_ended',
        'Nothing is left of the credit grant: it was used up, has expired or was voided.',
      );
    await this.ends.run(tx, actor, now, [{ grant, end, reason }]);
    return this.one(tx, name);
  }

  /** @throws Refusal `credit_grant_not_found` */
  async one(tx: Tx, { account, id }: GrantName): Promise<GrantRecord> {
    const found = await findGrant(tx, accountIdFor(account), id);
    if (!found) throw new Refusal('not_found', 'credit_grant_not_found', `The account "${account}" has no credit grant "${id}".`);
    return found;
  }

  /** What is left, in minor units, of the grants of an account that have not expired. */
  async left(tx: Tx, accountId: string): Promise<bigint> {
    const now = this.clock.now();
    const open = await openGrants(tx, [accountId], { locked: false });
    return open.filter((grant) => !isExpired(grant, now)).reduce((total, { remainingMinor }) => total + remainingMinor, 0n);
  }
}

const toldOf = ({ amountMinor, currency, kind, priority, expiresAt, description }: GrantRow): object => ({
  amount: formatMoney(amountMinor, currency),
  currency,
  kind,
  priority,
  expiresAt: expiresAt === null ? null : formatInstant(expiresAt),
  description,
});
