import type { Tx } from '../../common/database/database.js';
import { accountIdOf } from '../../common/ids.js';
import { Refusal } from '../../domain/refusal.js';
import { claimOne } from '../billing-state.js';
import type { InvoicesService } from '../invoices.service.js';
import { type DraftRow, draftsWhere } from './draft-records.js';

/**
 * A draft whose account nobody else bills until the transaction ends.
 * @throws Refusal `invoice_not_found`, `invoice_final`
 */
export async function claimedDraft(tx: Tx, invoices: InvoicesService, id: string): Promise<DraftRow> {
  const accountId = accountIdOf(id);
  if (accountId !== undefined) {
    await claimOne(tx, accountId);
    const [row] = await draftsWhere(tx, 'where i.account_id = $1 and i.id = $2', [accountId, id]);
    if (row) return row;
  }
  const { number } = await invoices.row(tx, id);
  throw new Refusal('conflict', 'invoice_final', `${number} is final: issue a credit note, void it, or charge more on another invoice.`);
}
