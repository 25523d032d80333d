import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import type { Actor } from '../../common/actor.js';
import type { Tx } from '../../common/database/database.js';
import { formatMoney } from '../../domain/currency.js';
import type { Draft } from '../../domain/billing/draft.js';
import type { Line } from '../../domain/billing/line.js';
import { formatInstant } from '../../domain/instant.js';
import { SHARE_INGEST } from '../../usage/late-marks.js';
import type { BackfillRecord } from '../../usage/corrections/backfill-records.js';
import { Backfills, type WantedBackfill } from '../../usage/corrections/backfills.js';
import { type Preview, PreviewBill, type PreviewedBill } from './preview-bill.js';
import { previewView } from './preview-view.js';
import type { BackfillEffectView, ComparedBillView, LineDifferenceView } from './usage-effects.dto.js';

/** What a back-fill would do. */
export interface ForeseenBackfill {
  readonly record: BackfillRecord;
  readonly effect: BackfillEffectView;
}

/** Carries what was found out of a transaction that is undone. */
class Undone extends Error {
  constructor(
    readonly record: BackfillRecord,
    readonly after: Preview,
  ) {
    super('undone');
  }
}

/** Does a back-fill, bills the account as a bill run would, and undoes both. */
@Injectable()
export class BackfillEffect {
  constructor(
    private readonly accounts: AccountsService,
    private readonly backfills: Backfills,
    private readonly preview: PreviewBill,
  ) {}

  async run(tx: Tx, actor: Actor, wanted: WantedBackfill): Promise<ForeseenBackfill> {
    await tx.query(SHARE_INGEST);
    const { id, currency } = await this.accounts.byKey(tx, wanted.account);
    const before = await this.preview.ofAccount(tx, id);
    const { record, after } = await this.undone(tx, actor, wanted, id);
    return {
      record,
      effect: {
        currency,
        dueNow: compared(before.dueNow, after.dueNow, 'now', currency),
        nextInvoice: compared(before.next, after.next, 'next', currency),
      },
    };
  }

  private async undone(tx: Tx, actor: Actor, wanted: WantedBackfill, accountId: string): Promise<Undone> {
    try {
      return await tx.transaction(async (inner) => {
        const record = await this.backfills.run(inner, actor, wanted);
        throw new Undone(record, await this.preview.ofAccount(inner, accountId));
      });
    } catch (error) {
      if (error instanceof Undone) return error;
      throw error;
    }
  }
}

function compared(
  before: PreviewedBill | undefined,
  after: PreviewedBill | undefined,
  bill: 'now' | 'next',
  currency: string,
): ComparedBillView {
  const totals = [before, after].map((one) => one?.draft.totalMinor ?? 0n);
  return {
    without: before ? previewView(before, bill) : null,
    with: after ? previewView(after, bill) : null,
    lines: differences(before?.draft, after?.draft, currency),
    difference: formatMoney((totals[1] ?? 0n) - (totals[0] ?? 0n), currency),
  };
}

interface Pair {
  readonly line: Line;
  before: bigint | undefined;
  after: bigint | undefined;
}

/** Line by line: what is charged has the same slot in both. */
function differences(before: Draft | undefined, after: Draft | undefined, currency: string): LineDifferenceView[] {
  const pairs = new Map<string, Pair>();
  const note = (line: Line, side: 'before' | 'after'): void => {
    const key = `${line.kind} ${line.slot}`;
    const pair = pairs.get(key) ?? { line, before: undefined, after: undefined };
    pair[side] = (pair[side] ?? 0n) + line.amountMinor;
    pairs.set(key, pair);
  };
  for (const line of before?.lines ?? []) note(line, 'before');
  for (const line of after?.lines ?? []) note(line, 'after');
  const money = (amountMinor: bigint | undefined): string | null => (amountMinor === undefined ? null : formatMoney(amountMinor, currency));
  return [...pairs.values()].map(({ line, before: was, after: is }) => ({
    kind: line.kind,
    subscription: line.subscription ?? '',
    price: line.price,
    description: line.description,
    servicePeriod: { start: formatInstant(line.servicePeriod.start), end: formatInstant(line.servicePeriod.end) },
    groups: line.groups,
    without: money(was),
    with: money(is),
    difference: formatMoney((is ?? 0n) - (was ?? 0n), currency),
  }));
}
