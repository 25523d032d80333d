import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import type { InvoiceSettlement } from '../../invoices/invoice-settlements.js';
import { ChangeSubscription } from '../../subscriptions/change-subscription.js';
import { SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import { CaseNews } from './case-news.js';
import { changeCase, type Done, DUNNING, type DunningCase } from './case-records.js';
import { DunningMails } from './dunning-mails.js';
import { DunningPolicies } from './dunning-policies.service.js';
import { pausedByDunning, pauseNow } from './paused-subscriptions.js';

type Paused = Extract<Done, { did: 'paused' }>;

/** A case is over. */
@Injectable()
export class FinishCase {
  constructor(
    private readonly clock: Clock,
    private readonly policies: DunningPolicies,
    private readonly subscriptions: SubscriptionsService,
    private readonly changing: ChangeSubscription,
    private readonly mails: DunningMails,
    private readonly news: CaseNews,
  ) {}

  /**
   * Nothing is left to pay: subscriptions that dunning paused are resumed. The caller has locked the settlement and the case.
   * @throws Refusal `subscription_busy`: another time
   */
  async settled(tx: Tx, found: DunningCase, { closed }: InvoiceSettlement): Promise<void> {
    const resumed: Done[] = [];
    for (const paused of found.done.filter((one) => one.did === 'paused'))
      if (await this.isOurs(tx, found, paused)) {
        const { subscription } = paused;
        await this.changing.run(tx, { actor: DUNNING }, subscription, { action: 'resume' }, { reason: 'The invoice was settled.' });
        resumed.push({ did: 'resumed', subscription });
      }
    const done = [...found.done, ...resumed];
    if (closed === 'void') return this.close(tx, { ...found, done }, { actor: DUNNING, reason: 'The invoice is void.' });
    const finished = await changeCase(tx, found, { ...OVER, state: 'recovered', closedAt: this.clock.now(), done });
    await this.news.tell(tx, 'dunning.recovered', finished, found.state);
    const rules = await this.policies.rules(tx, found.policy, found.policyVersion);
    await this.mails.queue(tx, finished, rules, { on: 'recovered', cause: `${found.id}:recovered` });
  }

  /** Nobody is asked to pay any more. */
  async close(tx: Tx, found: DunningCase, why: { readonly actor: Actor; readonly reason: string }): Promise<void> {
    const closed = await changeCase(tx, found, { ...OVER, state: 'closed', closedAt: this.clock.now() });
    await this.news.record(tx, 'dunning.closed', closed, { ...why, before: found.state });
  }

  /** Whether a subscription is still in the pause that dunning began, and no other unpaid invoice keeps it there. */
  private async isOurs(tx: Tx, { accountId, id }: DunningCase, { subscription, seq }: Paused): Promise<boolean> {
    if (await pausedByDunning(tx, accountId, { subscription, seq, besides: id })) return false;
    return pauseNow(await this.subscriptions.one(tx, subscription), this.clock.now()) === seq;
  }
}

const OVER = { nextStep: null, dueAt: null } as const;
