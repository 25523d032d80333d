import { Injectable } from '@nestjs/common';
import type { AccountProfile } from '../../accounts/account-profile.js';
import type { Tx } from '../../common/database/database.js';
import { type AlertMeasure, measureAlert } from '../../domain/billing/alert-measure.js';
import { nextDueOf } from '../../domain/billing/bill.js';
import type { Exact } from '../../domain/decimal.js';
import { HOUR, type Instant, MINUTE, type Stretch } from '../../domain/instant.js';
import { FUTURE_MAX } from '../../domain/metering/event.js';
import { MetersService } from '../../meters/meters.service.js';
import { UsageService } from '../../usage/usage.service.js';
import type { AlertRow } from './alert.entity.js';
import { alertsByKey, type AlertWatch } from './alert-watches.js';
import { LoadFacts } from '../load-facts.js';

/** How far ahead what grows by itself is looked at: as far as nothing fires, nobody need look again. */
const AHEAD = [10n * MINUTE, HOUR];
/** A period that has ended is looked at that much longer: its last events may not have been seen in time. */
const LOOKED_BACK = HOUR;

export interface MeasuredPeriod {
  readonly period: Stretch;
  readonly value: Exact;
}

/** What an alert sees of an account. */
export interface Seen extends AlertWatch {
  readonly rule: AlertRow;
  readonly account: AccountProfile;
  /** The period that runs, where the alert concerns the account in it. */
  readonly current: MeasuredPeriod | undefined;
  /** The one before, shortly after it ended. */
  readonly before: MeasuredPeriod | undefined;
  /** The running period at later instants, if no event came; nothing where nothing would change. */
  readonly ahead: readonly { readonly at: Instant; readonly value: Exact }[];
  /** Whether it grows without events. */
  readonly grows: boolean;
  readonly nextDue: Instant | undefined;
}

interface Asked extends AlertWatch {
  readonly measure: AlertMeasure | undefined;
}

/** Measures what alerts look at, for many accounts with one set of questions. */
@Injectable()
export class AlertMeasures {
  constructor(
    private readonly facts: LoadFacts,
    private readonly usage: UsageService,
    private readonly meters: MetersService,
  ) {}

  /** In the order given; without those whose alert is archived or gone. */
  async see(tx: Tx, watches: readonly AlertWatch[], now: Instant): Promise<Seen[]> {
    const rules = await alertsByKey(
      tx,
      watches.map(({ alert }) => alert),
    );
    const loaded = new Map(
      (await this.facts.run(tx, [...new Set(watches.map(({ accountId }) => accountId))])).map((one) => [one.profile.id, one]),
    );
    const levels = new Set((await this.meters.all(tx)).filter(({ aggregation }) => aggregation === 'time_weighted').map(({ key }) => key));
    const known = watches.flatMap((watch) => {
      const [rule, account] = [rules.get(watch.alert), loaded.get(watch.accountId)];
      return rule && !rule.archived && account ? [{ watch, rule, account, grows: levels.has(rule.meter) }] : [];
    });
    const asked = known.map(({ watch, rule, account: { facts }, grows }) => {
      const ask = (at: Instant, through: Instant): Asked => ({
        ...watch,
        measure: measureAlert({ meter: rule.meter, on: rule.measure, plan: rule.plan }, facts, { at, through }),
      });
      const through = grows ? now : now + FUTURE_MAX; // an event that a fast clock reported is not heard of again
      const before = ask(now - LOOKED_BACK, through);
      const hasEnded = before.measure !== undefined && before.measure.period.end <= now;
      return [
        ask(now, through),
        hasEnded ? before : { ...watch, measure: undefined },
        ...(grows ? AHEAD.map((by) => ask(now, now + by)) : []),
      ];
    });
    const values = await this.answered(tx, asked.flat());
    let next = 0;
    return known.map(({ watch, rule, account, grows }, i) => {
      const [current, before, ...ahead] = values.slice(next, (next += asked[i]?.length ?? 0));
      return {
        ...watch,
        rule,
        account: account.profile,
        current,
        before,
        ahead: ahead.flatMap((one, n) => (one ? [{ at: now + (AHEAD[n] ?? 0n), value: one.value }] : [])),
        grows,
        nextDue: nextDueOf(account.facts, now),
      };
    });
  }

  private async answered(tx: Tx, asked: readonly Asked[]): Promise<(MeasuredPeriod | undefined)[]> {
    const questions = asked.flatMap(({ accountId, measure }) => (measure?.questions ?? []).map((question) => ({ ...question, accountId })));
    const answers = await this.usage.answer(tx, questions);
    let next = 0;
    return asked.map(({ measure }) => {
      if (!measure) return undefined;
      const own = answers.slice(next, (next += measure.questions.length));
      return { period: measure.period, value: measure.value(own) };
    });
  }
}
