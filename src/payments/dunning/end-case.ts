import { Injectable } from '@nestjs/common';
import type { Tx } from '../../common/database/database.js';
import type { DunningEnd } from '../../domain/dunning/policy.js';
import { Refusal } from '../../domain/refusal.js';
import { CloseInvoices } from '../../invoices/close-invoices.js';
import { InvoicesService } from '../../invoices/invoices.service.js';
import { SUBSCRIPTION_BUSY } from '../../subscriptions/subscription-records.js';
import { SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import { LockInvoice } from '../lock-invoice.js';
import { CaseNews } from './case-news.js';
import { changeCase, type Done, DUNNING, type DunningCase, UNPAID } from './case-records.js';
import { EndSubscriptions } from './end-subscriptions.js';

/** A policy has run its course, and nothing was paid: what it says for then is done. */
@Injectable()
export class EndCase {
  constructor(
    private readonly invoices: InvoicesService,
    private readonly subscriptions: SubscriptionsService,
    private readonly endings: EndSubscriptions,
    private readonly locking: LockInvoice,
    private readonly closing: CloseInvoices,
    private readonly news: CaseNews,
  ) {}

  /**
   * What is refused is noted and stops nothing else: it would be refused again. The caller has locked the settlement and the case.
   * @throws Refusal `subscription_busy`: another time
   */
  async run(tx: Tx, found: DunningCase, end: DunningEnd): Promise<void> {
    const { accountId, invoiceId } = found;
    const done: Done[] = [];
    const billed = new Set((await this.invoices.one(tx, invoiceId)).lines.map((line) => line.subscription));
    const histories = (await this.subscriptions.ofAccount(tx, accountId)).filter(({ id }) => billed.has(id));
    for (const history of histories.filter(({ parent }) => parent === undefined || !billed.has(parent.id)))
      // add-ons go with theirs
      done.push(...(await attempt(tx, { subscription: history.id }, (inner) => this.endings.run(inner, history, end))));
    if (end.invoice === 'mark_uncollectible') done.push(...(await attempt(tx, {}, (inner) => this.writeOff(inner, invoiceId))));
    const ended = await changeCase(tx, found, { state: 'ended', nextStep: null, dueAt: null, done: [...found.done, ...done] });
    await this.news.tell(tx, 'dunning.ended', ended, found.state);
  }

  private async writeOff(tx: Tx, invoiceId: string): Promise<Done[]> {
    const locked = await this.locking.take(tx, DUNNING, invoiceId);
    await this.closing.markUncollectible(tx, locked, { actor: DUNNING, reason: UNPAID });
    await this.locking.release(tx, DUNNING, locked);
    return [{ did: 'marked_uncollectible' }];
  }
}

/** In a savepoint: what is refused is undone. */
async function attempt(tx: Tx, about: { readonly subscription?: string }, act: (inner: Tx) => Promise<Done[]>): Promise<Done[]> {
  try {
    return await tx.transaction(act);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === SUBSCRIPTION_BUSY) throw error;
    return [{ did: 'refused', ...about, code: error.code, detail: error.detail }];
  }
}
