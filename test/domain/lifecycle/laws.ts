import type { BilledLine } from '../../../src/domain/billing/line.js';
import { toMinor } from '../../../src/domain/currency.js';
import { type Exact, ZERO } from '../../../src/domain/decimal.js';
import { formatInstant, type Instant, type Stretch } from '../../../src/domain/instant.js';
import { localDay } from '../../../src/domain/period.js';
import { type ProrationRule, share } from '../../../src/domain/proration.js';
import type { Account } from './account.js';
import { inOrder, type Life } from './life.js';
import { type Piece, pieceAt, piecesOf, pricesOf } from './timeline.js';

/** A stretch that a line covers, or, below zero, that it gives back or that should be covered. */
interface Covering extends Stretch {
  readonly name: string;
  readonly weight: number;
}

/**
 * Where the net coverage of a price by the lines is not what the book says: in words, to be empty. It counts up to now for what is
 * charged in advance and held now, and for ever for all else: nothing stays paid for that is not held.
 */
export function coverageFaults({ lives, lines, now, scenario }: Account): string[] {
  return lives.flatMap((life) => {
    const current = pieceAt(life, now);
    const open = new Set(
      current.state === 'active' ? pricesOf(current).map(({ price }) => nameOf(life, current.terms.plan.plan, price.key)) : [],
    );
    const inArrears = new Set(
      scenario.plans.flatMap(({ plan, prices }) => prices.flatMap((price) => (isInArrears(price) ? [nameOf(life, plan, price.key)] : []))),
    );
    const all = [...due(life, now), ...lines.filter((line) => line.subscription === life.id).map((line) => covering(life, line))];
    return [...new Set(all.map(({ name }) => name))].flatMap((name) => {
      const basis = scenario.plans.find(({ plan }) => name.startsWith(`${life.id} ${plan} `))?.prorationBasis ?? 'second';
      const until = open.has(name) && !inArrears.has(name) ? now : null;
      return uneven(
        all.filter((one) => one.name === name),
        until,
        { basis, timeZone: life.zone },
      ).map((fault) => `${name}: ${fault}`);
    });
  });
}

const nameOf = (life: Life, plan: string, price: string): string => `${life.id} ${plan} ${price}`;
const isInArrears = (price: object): boolean => 'billing' in price && price.billing === 'in_arrears';
const covering = (life: Life, { plan, price, servicePeriod, adjusts }: BilledLine): Covering => ({
  ...servicePeriod,
  name: nameOf(life, plan ?? '', price ?? ''),
  weight: adjusts === null ? 1 : -1,
});

/** What should be covered by now. */
function due(life: Life, now: Instant): Covering[] {
  const pieces = piecesOf(life, now);
  const current = pieceAt(life, now);
  return pieces.flatMap((piece, i) =>
    (piece.state === 'active' ? pricesOf(piece) : [])
      .filter(({ price, amount }) => !isInArrears(price) || isOver(piece, price.key, amount, [...pieces.slice(i + 1), current]))
      .map(({ price }) => ({ start: piece.start, end: piece.end, name: nameOf(life, piece.terms.plan.plan, price.key), weight: -1 })),
  );
}

/** Whether what is charged in arrears for a piece has fallen due: its period is over, or its price is not held on the same terms any more. */
function isOver(piece: Piece, key: string, amount: Exact, later: readonly Piece[]): boolean {
  return later.some(
    (next) =>
      isOtherPeriod(next, piece) ||
      next.state === 'canceled' ||
      next.terms.plan !== piece.terms.plan ||
      !pricesOf(next).some((other) => other.price.key === key && other.amount.equals(amount)),
  );
}

const isOtherPeriod = (a: Piece, b: Piece): boolean => a.period.start !== b.period.start || a.terms.resetAt !== b.terms.resetAt;

/** Where the weights do not add up to nothing, before some instant or for ever. By days where shares are: no line is made for no days. */
function uneven(coverings: readonly Covering[], until: Instant | null, { basis, timeZone }: ProrationRule): string[] {
  const placeOf = (at: Instant): bigint => (basis === 'second' ? at : localDay(at, timeZone));
  const shown = (place: bigint): string => (basis === 'second' ? formatInstant(place) : `day ${String(place)}`);
  const jumps = new Map<bigint, number>();
  for (const { start, end, weight } of coverings) {
    jumps.set(placeOf(start), (jumps.get(placeOf(start)) ?? 0) + weight);
    jumps.set(placeOf(end), (jumps.get(placeOf(end)) ?? 0) - weight);
  }
  const places = [...jumps.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let level = 0;
  return places.flatMap((place, i) => {
    level += jumps.get(place) ?? 0;
    const end = places[i + 1];
    if (level === 0 || end === undefined || (until !== null && place >= placeOf(until))) return [];
    return [`${level > 0 ? '+' : ''}${String(level)} from ${shown(place)} to ${shown(end)}`];
  });
}

/** Where what was billed for a price and period, for lives that are over, is not the price times the share held: in words, to be empty. */
export function totalFaults({ lives, lines, now }: Account): string[] {
  const held = new Map<string, Exact>();
  for (const life of lives)
    for (const piece of piecesOf(life, now))
      for (const { price, amount } of piece.state === 'active' ? pricesOf(piece) : []) {
        const name = `${nameOf(life, piece.terms.plan.plan, price.key)} of ${wordsFor(piece.period)}`;
        held.set(name, (held.get(name) ?? ZERO).add(amount.mul(share(piece, piece.period, piece.rule))));
      }
  const billed = new Map<string, { minor: bigint; lines: bigint }>();
  for (const { subscription, plan, price, period, amountMinor } of lines) {
    const name = `${subscription} ${plan} ${price ?? ''} of ${wordsFor(period)}`;
    const before = billed.get(name) ?? { minor: 0n, lines: 0n };
    billed.set(name, { minor: before.minor + amountMinor, lines: before.lines + 1n });
  }
  return [...new Set([...held.keys(), ...billed.keys()])].flatMap((name) => {
    const expected = toMinor(held.get(name) ?? ZERO, 'USD');
    const { minor, lines: count } = billed.get(name) ?? { minor: 0n, lines: 0n };
    const off = minor > expected ? minor - expected : expected - minor;
    return off <= count ? [] : [`${name}: billed ${String(minor)}, held ${String(expected)}`];
  });
}

const wordsFor = ({ start, end }: Stretch): string => `${formatInstant(start)}..${formatInstant(end)}`;

/**
 * Which of the lines are counted to another billing period than they belong to: in words, to be empty. Not told for the zone that left
 * out a day: a period of no length is counted, and no piece shows it.
 */
export function ordinalFaults({ lives, now }: Account, lines: readonly BilledLine[]): string[] {
  return lives.flatMap((life) => {
    if (life.zone === 'Pacific/Apia') return [];
    const charged = piecesOf(life, now + 1n).filter(({ state }) => state === 'active' || state === 'paused');
    const begins = charged.filter((piece, i) => i > 0 && isOtherPeriod(piece, charged[i - 1]!)).map(({ start }) => start);
    return lines
      .filter((line) => line.subscription === life.id && line.adjusts === null)
      .filter((line) => line.periodOrdinal !== begins.filter((begin) => begin <= line.servicePeriod.start).length)
      .map((line) => `${life.id} ${line.price ?? ''} of ${wordsFor(line.servicePeriod)} is counted as ${String(line.periodOrdinal)}`);
  });
}

/** Positions in a slot that two lines claim: the database would refuse the second. In words, to be empty. */
export function positionFaults(lines: readonly BilledLine[]): string[] {
  const claims = lines.map(({ slot, slotSeq }) => `${slot} ${String(slotSeq)}`);
  return claims.filter((claim, i) => claims.indexOf(claim) < i);
}

/**
 * Whether the instant lies in a pause that begins and ends on one day, of something that is shared out by days. A run as of it, made after the
 * end of the pause, takes back what the next run charges again: no day lies between, so the pause left no line.
 */
export const isInPauseOfNoDays = ({ lives }: Account, at: Instant): boolean =>
  lives.some((life) => {
    const { state, rule } = pieceAt(life, at);
    if (state !== 'paused' || rule.basis !== 'day') return false;
    const known = inOrder((life.parent ?? life).toggles); // an add-on is paused with its subscription
    const since = known.findLast((toggle) => toggle.at <= at);
    const until = known.find((toggle) => toggle.at > at);
    return since !== undefined && until !== undefined && localDay(since.at, rule.timeZone) === localDay(until.at, rule.timeZone);
  });
