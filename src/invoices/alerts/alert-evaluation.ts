import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../common/database/database.js';
import { type NewEvent, Outbox } from '../../common/events/outbox.js';
import { LOG } from '../../common/telemetry/log-token.js';
import { formatMoney, toMinor } from '../../domain/currency.js';
import { type Exact, exact, shown } from '../../domain/decimal.js';
import { earliest, formatInstant, HOUR, type Instant, MINUTE } from '../../domain/instant.js';
import { FUTURE_MAX } from '../../domain/metering/event.js';
import { AlertMeasures, type MeasuredPeriod, type Seen } from './alert-measures.js';
import { type AlertWatch, claimWatches, fire, firedSince, type Firing, firingKey, isAnyDue, settleWatches } from './alert-watches.js';

const BATCH = 200;
const AFTER_FAILURE = HOUR;

interface Reached extends Firing {
  readonly seen: Seen;
  readonly measured: MeasuredPeriod;
}

/** Looks at accounts for alerts, and fires what was reached: each threshold once an account and period, whoever else is at it. */
@Injectable()
export class AlertEvaluation {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly measures: AlertMeasures,
    private readonly outbox: Outbox,
  ) {}

  /** Until nothing is left to look at now. Where a batch fails, each account is looked at by itself, and no other suffers from it. */
  async run({ waits }: { readonly waits: boolean }): Promise<void> {
    while ((await this.batch(waits)) > 0 || (waits && (await this.isAnyDue())));
  }

  /** @returns how many were looked at */
  private async batch(waits: boolean): Promise<number> {
    let claimed: AlertWatch[] = [];
    try {
      await this.database.transaction(async (tx) => {
        claimed = await claimWatches(tx, this.clock.now(), { limit: BATCH, waits });
        await this.look(tx, claimed);
      });
    } catch (error) {
      if (claimed.length === 0) throw error;
      this.log.warn({ err: error, watches: claimed.length }, 'a batch of alerts failed; its accounts are looked at one by one');
      for (const one of claimed) await this.alone(one);
    }
    return claimed.length;
  }

  /** What another held is done, or is left to be done, once it was waited for. */
  private async isAnyDue(): Promise<boolean> {
    return this.database.transaction((tx) => isAnyDue(tx, this.clock.now()));
  }

  private async alone(one: AlertWatch): Promise<void> {
    try {
      await this.database.transaction((tx) => this.look(tx, [one]));
    } catch (error) {
      this.log.error({ err: error, ...one }, 'an alert could not be looked at; it is tried again later');
      const checkAt = this.clock.now() + AFTER_FAILURE;
      await this.database.transaction((tx) => settleWatches(tx, [{ ...one, checkAt }]));
    }
  }

  private async look(tx: Tx, watches: readonly AlertWatch[]): Promise<void> {
    if (watches.length === 0) return;
    const now = this.clock.now();
    const all = await this.measures.see(tx, watches, now);
    const reached = all.flatMap(reachedBy);
    const fired = await fire(tx, reached, now);
    await this.outbox.add(tx, reached.filter((one) => fired.has(firingKey(one))).map(eventOf));
    const starts = all.flatMap(({ current }) => current?.period.start ?? []);
    const known = await firedSince(tx, watches, starts.reduce(earliest, now));
    const checks = new Map(all.map((seen) => [nameOf(seen), nextCheck(seen, known, now)]));
    await settleWatches(
      tx,
      watches.map(({ accountId, alert }) => ({ accountId, alert, checkAt: checks.get(nameOf({ accountId, alert })) })),
    );
  }
}

const nameOf = ({ accountId, alert }: AlertWatch): string => `${accountId} ${alert}`;

const reachedBy = (seen: Seen): Reached[] =>
  [seen.before, seen.current].flatMap((measured) =>
    measured === undefined
      ? []
      : seen.rule.thresholds
          .filter((threshold) => measured.value.gte(exact(threshold)))
          .map((threshold) => ({
            accountId: seen.accountId,
            alert: seen.alert,
            threshold,
            periodStart: measured.period.start,
            seen,
            measured,
          })),
  );

function eventOf({ accountId, threshold, seen, measured: { period, value } }: Reached): NewEvent {
  const { key, name, plan, meter, measure } = seen.rule;
  const { currency } = seen.account;
  const shownValue = (exactValue: Exact): string =>
    measure === 'cost' ? formatMoney(toMinor(exactValue, currency), currency) : shown(exactValue);
  return {
    accountId,
    type: 'usage.alert',
    data: {
      alert: key,
      name,
      account: seen.account.key,
      plan,
      meter,
      on: measure,
      threshold,
      value: shownValue(value),
      currency: measure === 'cost' ? currency : null,
      period: { start: formatInstant(period.start), end: formatInstant(period.end) },
    },
  };
}

/** When to look again though no event came; `undefined` where nothing grows without events. */
function nextCheck(seen: Seen, fired: ReadonlySet<string>, now: Instant): Instant | undefined {
  const { accountId, alert, rule, current, ahead, grows, nextDue } = seen;
  if (!current) return grows ? nextDue : undefined;
  const { start, end } = current.period;
  if (!grows) return end - now <= FUTURE_MAX ? end : undefined; // events may have come that belong to the next period
  const bound = earliest(end, nextDue ?? end);
  const next = rule.thresholds.find((threshold) => !fired.has(firingKey({ accountId, alert, threshold, periodStart: start })));
  if (next === undefined) return bound;
  const safe = ahead.findLast(({ value }) => value.lt(exact(next)))?.at ?? now + MINUTE;
  return earliest(bound, safe);
}
