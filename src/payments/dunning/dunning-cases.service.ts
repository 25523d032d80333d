import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Tx } from '../../common/database/database.js';
import { newestFirstKey } from '../../common/database/newest-first.js';
import type { Call } from '../../common/http/call.js';
import { type Page, page } from '../../common/http/page.js';
import { accountIdFor } from '../../common/ids.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { InvoicesService } from '../../invoices/invoices.service.js';
import { CASE_COLUMNS, caseById, type Done, type DunningCase, lockCase } from './case-records.js';
import type { DunningCasesQuery, DunningCaseView, DunningDoneView } from './dunning-cases.dto.js';
import { FinishCase } from './finish-case.js';

/** Cases as callers see them, and what they may do about them. */
@Injectable()
export class DunningCases {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invoices: InvoicesService,
    private readonly finishing: FinishCase,
  ) {}

  /** @throws Refusal `dunning_case_not_found` */
  async one(tx: Tx, id: string): Promise<DunningCaseView> {
    return this.view(tx, await caseById(tx, id));
  }

  /** Newest first. Relies on dunning_case_newest, or dunning_case_pk for one account. */
  async list(tx: Tx, { account, state, cursor, limit }: DunningCasesQuery): Promise<Page<DunningCaseView>> {
    const after = newestFirstKey(cursor);
    const rows = await tx.query<DunningCase[]>(
      `select ${CASE_COLUMNS} from dunning_case
       where ($1::uuid is null or account_id = $1) and ($2::text is null or state = $2)
         and ($3::timestamptz is null or (opened_at, id) < ($3, $4))
       order by opened_at desc, id desc limit $5`,
      [account === undefined ? null : accountIdFor(account), state ?? null, after?.createdAt ?? null, after?.key ?? null, limit + 1],
    );
    const found = page(rows, limit, (row) => [formatInstant(row.openedAt), row.id]);
    const keys = await this.accounts.keys(
      tx,
      found.data.map(({ accountId }) => accountId),
    );
    return { ...found, data: found.data.map((row) => caseView(row, keys.get(row.accountId) ?? '')) };
  }

  /** @throws Refusal `dunning_case_not_found`, `dunning_case_over` */
  async stop(tx: Tx, { actor }: Call, id: string, reason: string): Promise<DunningCaseView> {
    const { accountId, invoiceId } = await caseById(tx, id);
    await this.invoices.settlement(tx, accountId, invoiceId);
    const found = await lockCase(tx, { accountId, invoiceId });
    if (found?.state !== 'open')
      throw new Refusal('conflict', 'dunning_case_over', `The case is ${found?.state ?? 'gone'}: there is nothing left to stop.`);
    await this.finishing.close(tx, found, { actor, reason });
    return this.one(tx, id);
  }

  private async view(tx: Tx, found: DunningCase): Promise<DunningCaseView> {
    return caseView(found, (await this.accounts.keys(tx, [found.accountId])).get(found.accountId) ?? '');
  }
}

const caseView = (found: DunningCase, account: string): DunningCaseView => ({
  id: found.id,
  account,
  invoice: found.invoiceId,
  policy: found.policy,
  policyVersion: found.policyVersion,
  state: found.state,
  nextStep: found.nextStep,
  nextAt: found.dueAt === null ? null : formatInstant(found.dueAt),
  done: found.done.map(doneView),
  openedAt: formatInstant(found.openedAt),
  closedAt: found.closedAt === null ? null : formatInstant(found.closedAt),
});

const doneView = (done: Done): DunningDoneView => {
  if (done.did !== 'paused') return done;
  const { seq: _seq, ...shown } = done;
  return shown;
};
