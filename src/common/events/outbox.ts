import { Injectable } from '@nestjs/common';
import { formatInstant } from '../../domain/instant.js';
import { Clock } from '../clock.js';
import type { Tx } from '../database/database.js';
import { newId, NO_ACCOUNT } from '../ids.js';

/** Something that callers want to hear of. */
export interface NewEvent {
  /** Absent for what belongs to no account. */
  readonly accountId?: string;
  /** `thing.verb`. */
  readonly type: EventType;
  readonly data: object;
}

export const EVENT_TYPES = [
  'credit_note.issued',
  'dunning.ended',
  'dunning.recovered',
  'dunning.started',
  'entitlements.changed',
  'invoice.marked_uncollectible',
  'invoice.sent',
  'invoice.voided',
  'reconciliation.drift_found',
  'refund.returned',
  'usage.alert',
  'webhook_endpoint.disabled',
  'webhook_endpoint.ping',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/**
 * An event is numbered as it is stored. Whoever tells of a thing holds the thing's row until it commits, so of two events of one thing the later
 * has the higher number. What waits to be fanned out stands in a table of its own: a row there is taken away in the transaction that fans it
 * out, so that it matters neither in which order transactions commit nor when a process is killed.
 */
const INSERT = `
  with added as (
    insert into outbox_event (account_id, id, type, at, data)
    select account_id, id, type, $2, data from jsonb_to_recordset($1::jsonb) as e(account_id uuid, id text, type text, data jsonb)
    returning account_id, id)
  insert into outbox_pending (account_id, id) select account_id, id from added`;

/** Events go out only if what they tell of was committed: they are written in its transaction. */
@Injectable()
export class Outbox {
  constructor(private readonly clock: Clock) {}

  /** Returns the ids of the events, in their order. */
  async add(tx: Tx, events: readonly NewEvent[]): Promise<string[]> {
    if (events.length === 0) return [];
    const now = this.clock.now();
    const rows = events.map(({ accountId = NO_ACCOUNT, type, data }) => ({
      account_id: accountId,
      id: newId('msg', now, accountId),
      type,
      data,
    }));
    await tx.query(INSERT, [JSON.stringify(rows), formatInstant(now)]);
    return rows.map(({ id }) => id);
  }
}
