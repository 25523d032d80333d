import { Injectable } from '@nestjs/common';
import { formatInstant } from '../../domain/instant.js';
import { Clock } from '../clock.js';
import type { Tx } from '../database/database.js';
import { newId } from '../ids.js';

/** Something that callers want to hear of. */
export interface NewEvent {
  readonly accountId: string;
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
  'usage.alert',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

const INSERT = `
  insert into outbox_event (account_id, id, type, at, data)
  select account_id, id, type, $2, data from jsonb_to_recordset($1::jsonb) as e(account_id uuid, id text, type text, data jsonb)`;

/** Events go out only if what they tell of was committed: they are written in its transaction. */
@Injectable()
export class Outbox {
  constructor(private readonly clock: Clock) {}

  async add(tx: Tx, events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return;
    const now = this.clock.now();
    const rows = events.map(({ accountId, type, data }) => ({ account_id: accountId, id: newId('msg', now, accountId), type, data }));
    await tx.query(INSERT, [JSON.stringify(rows), formatInstant(now)]);
  }
}
