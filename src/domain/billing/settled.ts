import { earliest, HOUR, type Instant, latest, type Stretch } from '../instant.js';
import { periodContaining } from '../period.js';
import type { Fact, SubscriptionHistory } from '../subscription/facts.js';
import type { Holding } from '../subscription/history.js';
import type { FrozenPeriods } from './billing-periods.js';
import type { Line } from './line.js';

/*
 * What need not be billed anew. A piece of service, and every line that was billed for it, ends where its service or its billing period does,
 * whichever is later. Pieces that end at or before an instant up to which an account is settled were recomputed and found to be billed
 * as they should be; so they are left out, what should be charged and what was billed alike.
 */

/** How far an account is settled. */
export interface Settlement {
  /** Every piece that ends by then is billed as it should be, by what was known. */
  readonly through: Instant;
  /** How many facts of each subscription were known. */
  readonly facts: Readonly<Record<string, number>>;
}

/** What of one subscription is left out, and what was billed of it besides the lines at hand. */
export interface SettledPart {
  /** Pieces that end by then are left out. */
  readonly through: Instant;
  /** The bounds of the billed periods around that instant. */
  readonly frozen: FrozenPeriods;
  /** What amounts off each period came to on lines that are left out, in minor units by `givenKey`. */
  readonly given: ReadonlyMap<string, bigint>;
}

/** Names what a coupon gave in a billing period of a subscription. */
export const givenKey = (coupon: string, periodOrdinal: number): string => `${coupon} ${String(periodOrdinal)}`;

/** By subscription; one that is missing is billed anew from its start. */
export type SettledParts = ReadonlyMap<string, SettledPart>;

/** By how much a time zone's rules may move a boundary that was billed. */
export const BOUNDS_MOVE = 48n * HOUR;

export const endOfPiece = (period: Stretch, service: Stretch): Instant => latest(period.end, service.end);

export const isOpen = (through: Instant | undefined, period: Stretch, service: Stretch): boolean =>
  through === undefined || endOfPiece(period, service) > through;

/**
 * Up to where an account is still settled, by what is known now: not from where usage came late, as levels are carried on from there, and not
 * from just before anything that happened to a subscription since, as a piece that ends at a change may be changed by it.
 */
export function stillSettled(
  settlement: Settlement,
  subscriptions: readonly SubscriptionHistory[],
  lateFrom: Instant | undefined,
): Instant {
  const fresh = subscriptions.flatMap((history) =>
    history.facts.filter(({ seq }) => seq > (settlement.facts[history.id] ?? 0)).map((fact) => reachOf(fact, history) - 1n),
  );
  return [...fresh, ...(lateFrom === undefined ? [] : [lateFrom])].reduce(earliest, settlement.through);
}

/** The first instant whose billing a fact may change. What moves a trial, and with it the count of periods, changes everything. */
function reachOf(fact: Fact, history: SubscriptionHistory): Instant {
  const begin = history.facts.map(({ effectiveAt }) => effectiveAt).reduce(earliest, fact.effectiveAt);
  if (fact.kind === 'trial_moved' || fact.kind === 'started') return begin;
  if (fact.kind !== 'withdrawn') return fact.effectiveAt;
  const withdrawn = history.facts.filter(({ seq }) => fact.seqs.includes(seq));
  return withdrawn.length < fact.seqs.length ? begin : withdrawn.map(({ effectiveAt }) => effectiveAt).reduce(earliest, fact.effectiveAt);
}

/** Where to begin with what a subscription holds, so that no piece that ends after `through` is missed. */
export function openFrom(held: readonly Holding[], through: Instant): Instant {
  const at = through - BOUNDS_MOVE;
  return held.map(({ schedule }) => periodContaining(schedule, at).start).reduce(earliest, at) - BOUNDS_MOVE;
}

/**
 * Up to where an account is settled once a bill of these lines as of `asOf` was made, of which all that ends by `before` was left out: up to the first piece
 * that differed from what was billed, which is settled when a later bill finds it so.
 */
export function settledAfter(lines: readonly Line[], { asOf, before }: { readonly asOf: Instant; readonly before: Instant }): Instant {
  const changed = lines.filter(isTimed).map(({ period, servicePeriod }) => endOfPiece(period, servicePeriod) - 1n);
  return changed.reduce(earliest, latest(asOf, before));
}

/** One-time charges are never left out; what was added by hand is never asked for. */
const isTimed = ({ kind, subscription }: Line): boolean => kind !== 'one_time' && subscription !== null;

/** What is known of each subscription. */
export const factsKnown = (subscriptions: readonly SubscriptionHistory[]): Settlement['facts'] =>
  Object.fromEntries(subscriptions.map(({ id, facts }) => [id, Math.max(...facts.map(({ seq }) => seq))]));
