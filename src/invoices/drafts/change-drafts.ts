import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { isManual, refuseBelowZero } from '../../domain/billing/manual.js';
import { formatMoney } from '../../domain/currency.js';
import { Refusal } from '../../domain/refusal.js';
import { lineOf } from '../billed-lines.js';
import { InvoicesService } from '../invoices.service.js';
import { claimedDraft } from './claimed-draft.js';
import { DraftContents } from './draft-contents.js';
import { deleteDrafts, documentOf, type DraftRow, linesOfDrafts, saveDrafts } from './draft-records.js';
import type { ChangeDraftDto } from './drafts.dto.js';
import { GivenLines } from './given-lines.js';

/** What people change of invoices before they are final. */
@Injectable()
export class ChangeDrafts {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly invoices: InvoicesService,
    private readonly given: GivenLines,
    private readonly contents: DraftContents,
  ) {}

  /**
   * What is left out stays, and so does what is computed.
   * @throws Refusal `invoice_not_found`, `invoice_final`, `draft_without_lines`, `total_below_zero`, and as `GivenLines` does
   */
  async change(tx: Tx, actor: Actor, id: string, { lines, ...terms }: ChangeDraftDto): Promise<void> {
    const row = await claimedDraft(tx, this.invoices, id);
    const before = documentOf(row);
    const { memo = before.memo, purchaseOrder = before.purchaseOrder, paymentTermsDays = before.paymentTermsDays } = terms;
    const document = { ...before, memo, purchaseOrder, paymentTermsDays };
    const manual = lines === undefined ? row.manualLines : await this.given.read(tx, lines, row.currency);
    const computed = (await linesOfDrafts(tx, [row])).map(lineOf).filter((line) => !isManual(line));
    if (manual.length + computed.length === 0)
      throw new Refusal(
        'unprocessable',
        'draft_without_lines',
        `Nothing would be left of it: DELETE /v2/invoices/${id} discards the draft.`,
      );
    const content = await this.contents.of(tx, { accountId: row.accountId, document, manual, computed, at: this.clock.now() });
    refuseBelowZero(content.draft);
    await saveDrafts(tx, [{ ...content, asOf: row.asOf, manualLines: manual, heldUntil: row.heldUntil, createdAt: row.createdAt }]);
    const { currency, totalMinor } = content.draft;
    await this.note(tx, actor, 'invoice.draft_changed', row, { ...document, total: formatMoney(totalMinor, currency) });
  }

  /** What subscriptions owe is not discarded. @throws Refusal `invoice_not_found`, `invoice_final`, `draft_of_subscriptions` */
  async discard(tx: Tx, actor: Actor, id: string): Promise<void> {
    const row = await claimedDraft(tx, this.invoices, id);
    if (row.type === 'subscription')
      throw new Refusal(
        'conflict',
        'draft_of_subscriptions',
        'The draft is what subscriptions owe, and is finalized in its time: change the subscription, or take off lines that were added.',
      );
    await deleteDrafts(tx, [{ profile: { id: row.accountId }, document: row }]);
    await this.note(tx, actor, 'invoice.draft_discarded', row);
  }

  private async note(tx: Tx, actor: Actor, action: string, row: DraftRow, after?: object): Promise<void> {
    const before = { ...documentOf(row), total: formatMoney(row.totalMinor, row.currency) };
    const about = { accountId: row.accountId, subjectType: 'invoice', subjectId: row.id };
    await this.audit.record(tx, { actor, action, ...about, before, ...(after ? { after } : {}) });
  }
}
