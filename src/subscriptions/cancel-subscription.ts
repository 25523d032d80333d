import { Injectable } from '@nestjs/common';
import { hasScope } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import type { Call } from '../common/http/call.js';
import { type CancelCommand, decideCancel } from '../domain/subscription/commands.js';
import type { AccountHistory } from './histories.js';
import { SubscriptionRecords } from './subscription-records.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Injectable()
export class CancelSubscription {
  constructor(
    private readonly clock: Clock,
    private readonly subscriptions: SubscriptionsService,
    private readonly records: SubscriptionRecords,
  ) {}

  /**
   * Ends a subscription, by default at the end of its period.
   * @throws Refusal as `decideCancel` does; `subscription_not_found`, `precondition_failed`
   */
  async run(tx: Tx, call: Call, id: string, command: CancelCommand): Promise<AccountHistory> {
    const history = await this.records.locked(tx, call, id);
    const versions = await this.subscriptions.versionsOf(tx, [history]);
    const mayBackdate = hasScope(call.actor, 'subscriptions:backdate');
    const fact = decideCancel(command, { history, versions, now: this.clock.now(), mayBackdate });
    return await this.records.append(tx, call.actor, history, fact);
  }
}
