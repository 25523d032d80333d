import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import type { Tx } from '../../common/database/database.js';
import { Outbox } from '../../common/events/outbox.js';
import { formatInstant } from '../../domain/instant.js';
import { type CaseState, DUNNING, type DunningCase } from './case-records.js';

/** What a case became is audited, and told to those who listen. */
@Injectable()
export class CaseNews {
  constructor(
    private readonly audit: Audit,
    private readonly outbox: Outbox,
  ) {}

  async tell(
    tx: Tx,
    type: 'dunning.started' | 'dunning.ended' | 'dunning.recovered',
    found: DunningCase,
    before?: CaseState,
  ): Promise<void> {
    const { accountId, id, invoiceId, policy, policyVersion, done } = found;
    await this.outbox.add(tx, [{ accountId, type, data: { case: id, invoice: invoiceId, policy, policyVersion, done } }]);
    await this.record(tx, type, found, { ...(before === undefined ? {} : { before }) });
  }

  /** For what only the timeline tells. */
  record(
    tx: Tx,
    action: string,
    { accountId, id, invoiceId, policy, policyVersion, state, nextStep, dueAt, done }: DunningCase,
    { actor = DUNNING, reason, before }: { readonly actor?: Actor; readonly reason?: string; readonly before?: CaseState } = {},
  ): Promise<void> {
    return this.audit.record(tx, {
      actor,
      action,
      accountId,
      subjectType: 'dunning_case',
      subjectId: id,
      ...(before === undefined ? {} : { before: { state: before } }),
      after: { invoiceId, policy, policyVersion, state, nextStep, dueAt: dueAt === null ? null : formatInstant(dueAt), done },
      ...(reason === undefined ? {} : { reason }),
    });
  }
}
