import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { monthAfter, monthOf, monthsBetween, startOfMonth } from '../../domain/books.js';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.js';
import { type MrrMovement, movementOf, MOVEMENTS, mrrAt, mrrSince } from '../../domain/mrr.js';
import { Refusal } from '../../domain/refusal.js';
import type { SubscriptionHistory } from '../../domain/subscription/facts.js';
import { holdings } from '../../domain/subscription/history.js';
import { SubscriptionsService } from '../../subscriptions/subscriptions.service.js';
import type { MrrQuery } from './mrr.dto.js';

const ACCOUNTS_AT_ONCE = 500;
const MONTHS_MAX = 60;

/** One month of one currency, in minor units: opening + movements = closing. */
export interface MrrMonth {
  readonly month: string;
  readonly currency: string;
  readonly openingMinor: bigint;
  readonly movements: Readonly<Record<MrrMovement, bigint>>;
  readonly closingMinor: bigint;
  /** With recurring revenue at the end. */
  readonly accounts: number;
}

interface Sums {
  openingMinor: bigint;
  movements: Record<MrrMovement, bigint>;
  closingMinor: bigint;
  accounts: number;
}

/** How monthly recurring revenue moves, by the subscriptions as they were known at an instant. */
@Injectable()
export class MrrReport {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /** Months of UTC. The one that runs ends now. @throws Refusal `as_of_in_future`, `invalid_range` */
  async read({ asOf: text, from, to }: MrrQuery): Promise<{ readonly asOf: Instant; readonly rows: readonly MrrMonth[] }> {
    const now = this.clock.now();
    const asOf = text === undefined ? now : parseInstant(text);
    if (asOf > now)
      throw new Refusal('unprocessable', 'as_of_in_future', `It is ${formatInstant(now)}: a report is as of then or earlier.`);
    const last = to === undefined || to > monthOf(asOf) ? monthOf(asOf) : to;
    const months = monthsBetween(from ?? monthAfter(last, -11), last);
    if (months.length === 0 || months.length > MONTHS_MAX)
      throw new Refusal(
        'unprocessable',
        'invalid_range',
        `Ask for 1 to ${String(MONTHS_MAX)} months, the first of them not after the last.`,
      );
    const sums = new Map<string, Sums>();
    for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
      const ids = await this.database.snapshot(async (tx) => this.add(tx, sums, { months, asOf, after }));
      const lastId = ids.at(-1);
      if (lastId === undefined || ids.length < ACCOUNTS_AT_ONCE) break;
      after = lastId;
    }
    const rows = [...sums].map(([key, { openingMinor, movements, closingMinor, accounts }]) => {
      const [month = '', currency = ''] = key.split(' ');
      return { month, currency, openingMinor, movements, closingMinor, accounts };
    });
    return { asOf, rows: rows.sort((a, b) => (`${a.month} ${a.currency}` < `${b.month} ${b.currency}` ? -1 : 1)) };
  }

  private async add(
    tx: Tx,
    sums: Map<string, Sums>,
    { months, asOf, after }: { readonly months: readonly string[]; readonly asOf: Instant; readonly after: string },
  ): Promise<string[]> {
    const ids = (
      await tx.query<{ id: string }[]>(
        `select distinct account_id as id from subscription where account_id > $1 order by account_id limit ${String(ACCOUNTS_AT_ONCE)}`,
        [after],
      )
    ).map(({ id }) => id);
    const profiles = await this.accounts.profiles(tx, ids);
    const histories = await this.subscriptions.histories(tx, ids);
    const versions = await this.subscriptions.versionsOf(tx, [...histories.values()].flat());
    for (const [accountId, all] of histories) {
      const currency = profiles.get(accountId)?.currency ?? '';
      const held = all.map((history) => knownBy(history, asOf)).flatMap((history) => (history ? holdings(history, versions) : []));
      const since = mrrSince(held);
      for (const month of months) {
        const [opensAt, closesAt] = [startOfMonth(month), startOfMonth(monthAfter(month))];
        const openingMinor = mrrAt(held, opensAt, currency);
        const closingMinor = mrrAt(held, closesAt <= asOf ? closesAt : asOf, currency);
        if (openingMinor === 0n && closingMinor === 0n) continue;
        const key = `${month} ${currency}`;
        const sum = sums.get(key) ?? { openingMinor: 0n, movements: nothingMoved(), closingMinor: 0n, accounts: 0 };
        sums.set(key, sum);
        sum.openingMinor += openingMinor;
        sum.closingMinor += closingMinor;
        if (closingMinor !== 0n) sum.accounts += 1;
        const movement = movementOf({ openingMinor, closingMinor, opensAt }, since);
        if (movement) sum.movements[movement] += closingMinor - openingMinor;
      }
    }
    return ids;
  }
}

const nothingMoved = (): Record<MrrMovement, bigint> =>
  Object.fromEntries(MOVEMENTS.map((name) => [name, 0n])) as Record<MrrMovement, bigint>;

/** A history, and that of what it is an add-on to, as far as it was known; undefined where it was not known at all. */
function knownBy(history: SubscriptionHistory, asOf: Instant): SubscriptionHistory | undefined {
  const facts = history.facts.filter(({ recordedAt }) => recordedAt <= asOf);
  if (facts.length === 0) return undefined;
  const parent = history.parent && knownBy(history.parent, asOf);
  return { ...history, facts, ...(parent ? { parent } : {}) };
}
