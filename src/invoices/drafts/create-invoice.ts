import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { newId } from '../../common/ids.js';
import { refuseBelowZero } from '../../domain/billing/manual.js';
import { formatMoney } from '../../domain/currency.js';
import { Refusal } from '../../domain/refusal.js';
import { AccountHolds } from '../controls/account-holds.js';
import type { InvoiceDocument } from '../invoice-records.js';
import { IssueInvoices } from '../issue-invoices.js';
import { DraftContents } from './draft-contents.js';
import { saveDrafts } from './draft-records.js';
import type { CreateInvoiceDto } from './drafts.dto.js';
import { GivenLines } from './given-lines.js';

/** Charges an account for what no subscription charges. */
@Injectable()
export class CreateInvoice {
  constructor(
    private readonly clock: Clock,
    private readonly accounts: AccountsService,
    private readonly audit: Audit,
    private readonly holds: AccountHolds,
    private readonly given: GivenLines,
    private readonly contents: DraftContents,
    private readonly issue: IssueInvoices,
  ) {}

  /**
   * Finalized at once, or a draft. Answers the invoice's id.
   * @throws Refusal `account_not_found`, `account_on_hold`, `currency_mismatch`, `total_below_zero`, and as `GivenLines` does
   */
  async run(tx: Tx, actor: Actor, { account: key, currency, lines, draft: isDraft = false, ...terms }: CreateInvoiceDto): Promise<string> {
    const { id: accountId } = await this.accounts.byKey(tx, key);
    await this.holds.refuseHeld(tx, accountId, key);
    const account = await this.accounts.byKey(tx, key); // its currency is fixed while its billing is claimed
    if (currency !== undefined && currency !== account.currency)
      throw new Refusal(
        'conflict',
        'currency_mismatch',
        `The invoice is in ${currency} and the account is billed in ${account.currency}: send its currency, or use another account.`,
      );
    const at = this.clock.now();
    const manual = await this.given.read(tx, lines, account.currency);
    const { memo = null, purchaseOrder = null, paymentTermsDays = null } = terms;
    const document: InvoiceDocument = { id: newId('inv', at, accountId), type: 'one_off', memo, purchaseOrder, paymentTermsDays };
    const content = await this.contents.of(tx, { accountId, document, manual, at });
    refuseBelowZero(content.draft);
    if (isDraft) {
      await saveDrafts(tx, [{ ...content, manualLines: manual, heldUntil: null, createdAt: at }]);
      await this.audit.record(tx, {
        actor,
        action: 'invoice.drafted',
        accountId,
        subjectType: 'invoice',
        subjectId: document.id,
        after: { ...document, total: formatMoney(content.draft.totalMinor, account.currency) },
      });
    } else await this.issue.run(tx, [{ ...content, billedAt: at }], actor);
    return document.id;
  }
}
