import { Injectable } from '@nestjs/common';
import { formatInstant } from '../../domain/instant.js';
import type { Actor } from '../actor.js';
import { Clock } from '../clock.js';
import type { Tx } from '../database/database.js';
import { newId } from '../ids.js';
import { currentReason, currentRequestId } from '../telemetry/request-context.js';

export interface AuditRecord {
  readonly actor: Actor;
  /** What was done, as `subject.verb`: `plan.version_created`. */
  readonly action: string;
  readonly accountId?: string;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** Where the change itself says why; else what the request said. */
  readonly reason?: string;
}

const INSERT = `
  insert into audit_entry (id, at, actor_kind, actor_id, action, account_id, subject_type, subject_id, before, after, reason, request_id)
  select id, now_at, actor_kind, actor_id, action, account_id, subject_type, subject_id, before, after, reason, request_id
  from jsonb_to_recordset($1::jsonb) as entry(id text, now_at timestamptz, actor_kind text, actor_id text, action text, account_id uuid,
    subject_type text, subject_id text, before jsonb, after jsonb, reason text, request_id text)`;

/** The audit trail, written in the transaction of the change. */
@Injectable()
export class Audit {
  constructor(private readonly clock: Clock) {}

  record(tx: Tx, entry: AuditRecord): Promise<void> {
    return this.recordMany(tx, [entry]);
  }

  /** One statement for all entries. */
  async recordMany(tx: Tx, entries: readonly AuditRecord[]): Promise<void> {
    if (entries.length === 0) return;
    const now = this.clock.now();
    const rows = entries.map((entry) => ({
      id: newId('aud', now, entry.accountId),
      now_at: formatInstant(now),
      actor_kind: entry.actor.kind,
      actor_id: entry.actor.id,
      action: entry.action,
      account_id: entry.accountId ?? null,
      subject_type: entry.subjectType,
      subject_id: entry.subjectId,
      before: entry.before ?? null,
      after: entry.after ?? null,
      reason: entry.reason ?? currentReason() ?? null,
      request_id: currentRequestId() ?? null,
    }));
    await tx.query(INSERT, [JSON.stringify(rows, (_name, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))]);
  }
}
