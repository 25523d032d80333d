import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { Refusal } from '../../domain/refusal.js';
import { BillAccounts } from '../bill-accounts.js';
import { AccountHolds } from '../controls/account-holds.js';
import { InvoicesService } from '../invoices.service.js';
import { IssueInvoices } from '../issue-invoices.js';
import { claimedDraft } from './claimed-draft.js';
import { DraftContents } from './draft-contents.js';
import { documentOf } from './draft-records.js';

/** Finalizes a draft because a person wants it so. */
@Injectable()
export class FinalizeDraft {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly holds: AccountHolds,
    private readonly bill: BillAccounts,
    private readonly contents: DraftContents,
    private readonly issue: IssueInvoices,
  ) {}

  /**
   * What subscriptions owe is computed as of now, whatever its grace and the bounds of its currency: somebody has looked at it.
   * @throws Refusal `invoice_not_found`, `invoice_final`, `account_on_hold`, `nothing_to_finalize`
   */
  async run(tx: Tx, actor: Actor, id: string): Promise<void> {
    const row = await claimedDraft(tx, this.invoices, id);
    const { accountId, manualLines: manual } = row;
    const key = (await this.accounts.keys(tx, [accountId])).get(accountId) ?? '';
    await this.holds.refuseHeld(tx, accountId, key);
    const at = this.clock.now();
    if (row.type === 'one_off') {
      const content = await this.contents.of(tx, { accountId, document: documentOf(row), manual, at });
      await this.issue.run(tx, [{ ...content, billedAt: at }], actor);
      return;
    }
    const { bills } = await this.bill.run(tx, [accountId], { asOf: at, actor, ignoresBounds: true, ignoresGrace: true });
    if (bills.length === 0)
      throw new Refusal(
        'conflict',
        'nothing_to_finalize',
        'Nothing is owed any more, so the next run drops the draft: its usage was taken back.',
      );
  }
}
