import fc from 'fast-check';
import type { BilledLine } from '../../../src/domain/billing/line.js';
import type { PlanVersion } from '../../../src/domain/catalog.js';
import { parseMoney, toMinor } from '../../../src/domain/currency.js';
import { fromMinor } from '../../../src/domain/currency.js';
import { formatInstant, type Instant, type Stretch } from '../../../src/domain/instant.js';
import { calendarAnchor, periodContaining, sameInterval } from '../../../src/domain/period.js';
import { share } from '../../../src/domain/proration.js';
import { plan } from '../../support/billing-story.js';
import { type Gap, gap, INTERVALS, type Scenario, startsAt, ZONES } from './scenario.js';

/** A change without proration, or the end of it all, now or some time ahead. */
export interface Move {
  readonly gap: Gap;
  readonly to: { readonly plan: number; readonly reset: boolean } | { readonly endsIn: Gap };
}

export interface WholePeriods extends Scenario {
  readonly moves: readonly Move[];
}

/** A change without proration that was accepted, or an end that became known. */
export type Moved = { readonly at: Instant } & (
  { readonly plan: PlanVersion; readonly reset: boolean } | { readonly plan: null; readonly endsAt: Instant; readonly knownAt: Instant }
);

/**
 * What is paid for, by the law: somebody who leaves a plan without proration has paid up to some instant, and pays nothing before it.
 * From there on whole periods are paid in advance, by the plan that is held when they begin, or up to an end that is known by then. A reset
 * makes that instant the present.
 */
export function paidFor(
  { plans, startsAt: start, zone, alignment }: Scenario,
  moves: readonly Moved[],
  until: Instant,
): Map<string, bigint> {
  const paid = new Map<string, bigint>();
  const anchor = (at: Instant, { interval }: PlanVersion): Instant =>
    alignment === 'calendar' ? calendarAnchor({ at, timeZone: zone, interval }) : at;
  let held = plans[0]!;
  let anchorAt = anchor(start, held);
  let paidTo = start;
  const ends: { readonly at: Instant; readonly knownAt: Instant }[] = [];
  const payBefore = (at: Instant): void => {
    while (paidTo < at && ends.every((end) => paidTo < end.at)) {
      const period = periodContaining({ anchorAt, timeZone: zone, interval: held.interval }, paidTo);
      const known = ends.filter(({ knownAt }) => knownAt < paidTo).map((end) => end.at);
      const piece = { start: paidTo, end: [...known, period.end].reduce((least, end) => (end < least ? end : least)) };
      paid.set(nameOf(held.plan, piece), (paid.get(nameOf(held.plan, piece)) ?? 0n) + costOf(held, piece, period));
      paidTo = piece.end;
    }
  };
  for (const moved of moves) {
    const { at, plan: next } = moved;
    payBefore(at);
    if (next === null) {
      ends.push({ at: moved.endsAt, knownAt: moved.knownAt });
      continue;
    }
    if (moved.reset || !sameInterval(held.interval, next.interval)) {
      anchorAt = anchor(at, next);
      paidTo = at;
    }
    held = next;
  }
  payBefore(until + 1n);
  return withoutZero(paid);
}

function costOf({ prices: [price] }: PlanVersion, piece: Stretch, period: Stretch): bigint {
  const full = price?.kind === 'recurring' && price.model === 'flat' ? parseMoney(price.amount, 'USD') : 0n;
  return toMinor(fromMinor(full, 'USD').mul(share(piece, period, { basis: 'second', timeZone: 'UTC' })), 'USD');
}

/** What lines come to, net of their credits, by plan and service period; what was credited in full is left out. */
export function netOf(lines: readonly BilledLine[]): Map<string, bigint> {
  const net = new Map<string, bigint>();
  for (const line of lines) {
    const name = nameOf(line.plan ?? '', line.servicePeriod);
    net.set(name, (net.get(name) ?? 0n) + line.amountMinor);
  }
  return withoutZero(net);
}

const withoutZero = (amounts: ReadonlyMap<string, bigint>): Map<string, bigint> =>
  new Map([...amounts].filter(([, amountMinor]) => amountMinor !== 0n));

const nameOf = (planKey: string, { start, end }: Stretch): string => `${planKey} ${formatInstant(start)}..${formatInstant(end)}`;

const amount = fc.integer({ min: 1, max: 99_999 }).map((cents) => (cents / 100).toFixed(2));
const flatPlan = (key: string, amountOfPeriod: string, interval: PlanVersion['interval']): PlanVersion =>
  plan({ plan: key, interval, prices: [{ key: 'fee', kind: 'recurring', model: 'flat', amount: amountOfPeriod }] });

const move: fc.Arbitrary<Move> = fc.record({
  gap,
  to: fc.oneof(
    { weight: 9, arbitrary: fc.record({ plan: fc.nat(2), reset: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ endsIn: gap }) },
  ),
});

/**
 * Accounts of one subscription whose plans charge a flat price in advance, and what is done with them without proration. Calendar periods
 * are never reset here: the piece that a reset begins belongs to the period that it cuts, which may be paid for already.
 */
export const anyWholePeriods: fc.Arbitrary<WholePeriods> = fc
  .record({ zone: fc.constantFrom(...ZONES), isCalendar: fc.nat(2).map((n) => n === 0) })
  .chain(({ zone, isCalendar }) =>
    fc.record({
      zone: fc.constant(zone),
      plans: fc
        .tuple(fc.constantFrom(...INTERVALS), fc.constantFrom(...INTERVALS), amount, amount, amount)
        .map(([usual, other, a, b, c]) => [
          flatPlan('p0', a, usual),
          flatPlan('p1', b, usual),
          flatPlan('p2', c, isCalendar ? usual : other),
        ]),
      startsAt: startsAt(zone),
      createdHoursBefore: fc.constantFrom(0, 0, 0, 30),
      alignment: fc.constant(isCalendar ? 'calendar' : 'anniversary'),
      trialDays: fc.constant(0),
      steps: fc.constant([]),
      moves: fc.array(isCalendar ? move.map(keepingAnchor) : move, { minLength: 1, maxLength: 30, size: 'max' }),
    }),
  );

const keepingAnchor = ({ gap, to }: Move): Move => ({ gap, to: 'endsIn' in to ? to : { ...to, reset: false } });
