import { fromMinor } from '../currency.js';
import { greatest, shown, sum, ZERO } from '../decimal.js';
import type { GroupUsage } from '../metering/question.js';
import { rateMetered } from '../rating/rate.js';
import type { ExpectedMetered, ExpectedMinimum } from './due.js';
import { meteredSlot } from './expected-metered.js';
import { lineAmount } from './line-amount.js';
import type { BilledLine } from './line.js';
import type { OwedInput } from './owed-input.js';
import { type Billed, billedOn, leftOn, ofDue, reversals, type Unnumbered } from './slot.js';

/** Metered prices and minimums: the cumulative amount of a slot, less what was billed for it. */
export function owedMetered(input: OwedInput, billed: Billed): Unnumbered[] {
  const { currency, expected } = input;
  const groups = expected.metered.flatMap((item) => item.answer.map((usage) => ratedGroup(item, usage, currency)));
  const wanted = new Set(groups.map(({ slot }) => slot));
  const minimums = expected.minimums.map((item) => ({ item, amountMinor: minimumOf(item, groups, currency) }));
  return [
    ...groups.flatMap((group) => cumulative(billed.get(group.slot) ?? [], group.charge, group.stands)),
    ...reversals(billed, 'metered', wanted),
    ...minimums.flatMap(({ item, amountMinor }) =>
      cumulative(billed.get(item.slot) ?? [], minimumCharge(item, amountMinor), amountMinor !== 0n),
    ),
    ...reversals(billed, 'minimum', new Set(expected.minimums.map((item) => item.slot))),
  ];
}

/** One group's usage in one piece, rated. */
export interface RatedGroup {
  readonly slot: string;
  readonly item: ExpectedMetered;
  readonly charge: Unnumbered;
  /** Whether the first line is made: with usage, or where a minimum applies. */
  readonly stands: boolean;
}

export function ratedGroup(item: ExpectedMetered, usage: GroupUsage, currency: string): RatedGroup {
  const { amount, breakdown } = rateMetered(item.price, usage, item.share);
  const slot = meteredSlot(item, usage.group);
  const quantity = usage.quantity ?? ZERO;
  const amountMinor = lineAmount(amount, currency);
  return {
    slot,
    item,
    stands: !quantity.equals(ZERO) || amountMinor !== 0n,
    charge: {
      ...ofDue(item),
      kind: 'metered',
      slot,
      price: item.price.key,
      description: item.price.name ?? item.price.key,
      quantity: shown(quantity),
      unitPrice: item.price.model === 'per_unit' ? item.price.unitPrice : null,
      amountMinor,
      servicePeriod: item.stretch,
      period: item.period,
      periodOrdinal: item.periodOrdinal,
      proration: false,
      adjusts: null,
      groups: Object.keys(usage.group).length === 0 ? null : usage.group,
      breakdown,
    },
  };
}

/** What a metered piece comes to. */
interface Rated {
  readonly item: Pick<ExpectedMetered, 'subscription' | 'stretch'>;
  readonly charge: Pick<Unnumbered, 'amountMinor'>;
}

/** What is missing to the commitment: from the subscription's metered lines within its stretch, before discount and tax. */
export function minimumOf(item: ExpectedMinimum, groups: readonly Rated[], currency: string): bigint {
  const within = groups.filter(
    ({ item: { subscription, stretch } }) =>
      subscription === item.subscription && stretch.start >= item.stretch.start && stretch.end <= item.stretch.end,
  );
  const used = sum(within.map(({ charge }) => fromMinor(charge.amountMinor, currency)));
  return lineAmount(greatest(item.commitment.sub(used), ZERO), currency);
}

function minimumCharge(item: ExpectedMinimum, amountMinor: bigint): Unnumbered {
  return {
    ...ofDue(item),
    kind: 'minimum',
    slot: item.slot,
    price: null,
    description: 'Minimum commitment',
    quantity: '1',
    unitPrice: null,
    amountMinor,
    servicePeriod: item.stretch,
    period: item.period,
    periodOrdinal: item.periodOrdinal,
    proration: item.proration,
    adjusts: null,
    groups: null,
    breakdown: [{ step: 'minimum', amount: shown(item.commitment, 12) }],
  };
}

/** The first line of a slot, or the difference to what was billed for it: down by no more than credit notes have left. */
function cumulative(lines: readonly BilledLine[], charge: Unnumbered, stands: boolean): Unnumbered[] {
  const [first] = lines;
  if (!first) return stands ? [charge] : [];
  const [wanted, least] = [charge.amountMinor - billedOn(lines), -leftOn(lines)];
  const difference = wanted < least ? least : wanted;
  if (difference === 0n) return [];
  return [
    {
      ...charge,
      dueAt: first.dueAt,
      kind: first.kind === 'minimum' ? 'minimum' : 'adjustment',
      amountMinor: difference,
      adjusts: first.id,
    },
  ];
}
