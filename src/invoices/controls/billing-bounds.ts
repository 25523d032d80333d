import { Injectable } from '@nestjs/common';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { type BillingBounds as Bounds, INVOICES_COMPARED, refuseOutOfBounds } from '../../domain/billing/bounds.js';
import { parseMoney } from '../../domain/currency.js';
import { exact } from '../../domain/decimal.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import type { PutBillingBoundsDto } from './billing-bounds.dto.js';
import { NOT_VOID } from '../invoice-settlements.js';

export interface CurrencyBounds extends Bounds {
  readonly currency: string;
  readonly revision: number;
}

/** What one account is to be billed. */
export interface Bill {
  readonly accountId: string;
  readonly currency: string;
  readonly totalMinor: bigint;
}

const COLUMNS = `currency, total_max_minor as "totalMaxMinor", growth_max::text as "growthMax", growth_from_minor as "growthFromMinor", revision`;

/* Void ones count for nothing. Relies on invoice_pk: ids sort by the instant at which they were made. */
const GREATEST = `
  select a.id as "accountId", max(i.total_minor) as greatest
  from unnest($1::uuid[]) as a(id)
  cross join lateral (
    select total_minor from invoice i where i.account_id = a.id and i.type = 'subscription' and ${NOT_VOID} order by i.id desc limit ${String(INVOICES_COMPARED)}) i
  group by a.id`;

/** Bounds by currency, beyond which an account is parked instead of billed. */
@Injectable()
export class BillingBounds {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  list(tx: Tx): Promise<CurrencyBounds[]> {
    return tx.query<CurrencyBounds[]>(`select ${COLUMNS} from billing_bound order by currency`);
  }

  /** @throws Refusal `billing_bounds_not_found` */
  async of(tx: Tx, currency: string): Promise<CurrencyBounds> {
    const [row] = await tx.query<CurrencyBounds[]>(`select ${COLUMNS} from billing_bound where currency = $1`, [currency]);
    if (!row) throw new Refusal('not_found', 'billing_bounds_not_found', `There are no bounds for ${currency}.`);
    return row;
  }

  /** @throws Refusal `unknown_currency`, `invalid_money`, `out_of_bounds` */
  async put(tx: Tx, call: Call, currency: string, { totalMax, growthMax, growthFrom = '0' }: PutBillingBoundsDto): Promise<CurrencyBounds> {
    const growthFromMinor = parseMoney(growthFrom, currency);
    const totalMaxMinor = totalMax === undefined ? null : parseMoney(totalMax, currency);
    if (growthFromMinor < 0n) throw new Refusal('invalid', 'out_of_bounds', 'growthFrom is an amount from 0.');
    if (growthMax !== undefined && exact(growthMax).compare(1) < 0)
      throw new Refusal('invalid', 'out_of_bounds', 'growthMax is at least 1.');
    const [before] = await tx.query<CurrencyBounds[]>(`select ${COLUMNS} from billing_bound where currency = $1 for update`, [currency]);
    checkIfMatch(call, before?.revision ?? 0);
    await tx.query(
      `insert into billing_bound as b (currency, total_max_minor, growth_max, growth_from_minor, updated_at) values ($1, $2, $3, $4, $5)
       on conflict (currency) do update set total_max_minor = excluded.total_max_minor, growth_max = excluded.growth_max,
         growth_from_minor = excluded.growth_from_minor, revision = b.revision + 1, updated_at = excluded.updated_at`,
      [currency, totalMaxMinor?.toString() ?? null, growthMax ?? null, growthFromMinor.toString(), formatInstant(this.clock.now())],
    );
    const after = await this.of(tx, currency);
    const shown = (bounds: CurrencyBounds | undefined) =>
      bounds && {
        totalMaxMinor: bounds.totalMaxMinor?.toString() ?? null,
        growthMax: bounds.growthMax,
        growthFromMinor: bounds.growthFromMinor.toString(),
      };
    await this.audit.record(tx, {
      actor: call.actor,
      action: 'billing_bounds.changed',
      subjectType: 'billing_bounds',
      subjectId: currency,
      ...(before ? { before: shown(before) } : {}),
      after: shown(after),
    });
    return after;
  }

  /** @throws Refusal `total_out_of_bounds`, `growth_out_of_bounds` for the first of them that is beyond */
  async check(tx: Tx, bills: readonly Bill[]): Promise<void> {
    if (bills.length === 0) return;
    const bounds = new Map((await this.list(tx)).map((one) => [one.currency, one]));
    const growing = bills.filter(({ currency }) => bounds.get(currency)?.growthMax);
    const greatest = growing.length === 0 ? new Map<string, bigint>() : await greatestOf(tx, growing);
    for (const bill of bills) {
      const own = bounds.get(bill.currency);
      if (own) refuseOutOfBounds(bill, own, greatest.get(bill.accountId));
    }
  }
}

async function greatestOf(tx: Tx, bills: readonly Bill[]): Promise<Map<string, bigint>> {
  const rows = await tx.query<{ accountId: string; greatest: bigint }[]>(GREATEST, [bills.map(({ accountId }) => accountId)]);
  return new Map(rows.map(({ accountId, greatest }) => [accountId, greatest]));
}
