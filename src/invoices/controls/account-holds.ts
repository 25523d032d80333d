import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { claimOne, isHeld, ON_HOLD, park, type Parking, parkingOf, unpark } from '../billing-state.js';

/** Keeps accounts from being billed because a person wants it so. What falls due meanwhile is billed after the release. */
@Injectable()
export class AccountHolds {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
  ) {}

  /** Waits for a run that is billing the account. @throws Refusal `account_not_found`, `already_on_hold` */
  async hold(tx: Tx, actor: Actor, key: string, reason: string): Promise<Parking> {
    const { id } = await this.accounts.byKey(tx, key);
    await claimOne(tx, id);
    if (await isHeld(tx, id)) throw new Refusal('conflict', 'already_on_hold', `The account "${key}" is on hold already.`);
    const now = formatInstant(this.clock.now());
    const parking: Parking = {
      rule: ON_HOLD,
      detail: reason,
      remedy: 'POST /v2/accounts/{key}/release takes it back into the runs.',
      asOf: now,
      at: now,
    };
    await park(tx, id, parking);
    await this.audit.record(tx, {
      actor,
      action: 'account.held',
      accountId: id,
      subjectType: 'account',
      subjectId: key,
      after: { reason },
    });
    return parking;
  }

  /** For who bills one account by hand. @throws Refusal `account_on_hold` */
  async refuseHeld(tx: Tx, accountId: string, key: string): Promise<void> {
    await claimOne(tx, accountId);
    if (await isHeld(tx, accountId))
      throw new Refusal('conflict', 'account_on_hold', `The account "${key}" is on hold: POST /v2/accounts/${key}/release first.`);
  }

  /** Also one that was parked by itself: the next run tries again. @throws Refusal `account_not_found`, `not_parked` */
  async release(tx: Tx, actor: Actor, key: string): Promise<void> {
    const { id } = await this.accounts.byKey(tx, key);
    await claimOne(tx, id);
    const before = await parkingOf(tx, id);
    if (!before) throw new Refusal('conflict', 'not_parked', `The account "${key}" is neither on hold nor parked.`);
    await unpark(tx, id);
    await this.audit.record(tx, {
      actor,
      action: 'account.released',
      accountId: id,
      subjectType: 'account',
      subjectId: key,
      before,
    });
  }
}
