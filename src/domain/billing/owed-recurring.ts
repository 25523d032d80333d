import { ratio } from '../decimal.js';
import type { Stretch } from '../instant.js';
import { measure, share } from '../proration.js';
import { intersection, type Level, levels, merged, without } from './coverage.js';
import type { ExpectedRecurring } from './due.js';
import { lineAmount } from './line-amount.js';
import { creditedInAll } from './credited.js';
import type { BilledLine } from './line.js';
import type { OwedInput } from './owed-input.js';
import { adjusting, type Billed, billedOn, grouped, ofDue, slotsOf, type Unnumbered } from './slot.js';

/** Recurring prices: every instant of the time held is covered once, net. */
export function owedRecurring(input: OwedInput, billed: Billed): Unnumbered[] {
  const wanted = grouped(input.expected.recurring, (item) => item.slot);
  const slots = new Set([...wanted.keys(), ...slotsOf(billed, 'recurring')]);
  return [...slots].flatMap((slot) => recurringSlot(wanted.get(slot) ?? [], billed.get(slot) ?? [], input));
}

function recurringSlot(wanted: readonly ExpectedRecurring[], lines: readonly BilledLine[], input: OwedInput): Unnumbered[] {
  const due = joined(wanted);
  const difference = levels([
    ...lines.map((line) => ({ ...line.servicePeriod, weight: line.adjusts === null ? 1 : -1 })),
    ...due.map((item) => ({ ...item.stretch, weight: -1 })),
  ]);
  const uncovered = merged(difference.filter((piece) => piece.level < 0));
  const surplus = difference.filter((piece) => piece.level > 0);
  const begun = merged(surplus).filter((piece) => piece.start <= input.asOf); // in one, whatever lines it is made of
  return [
    ...due.flatMap((item) => intersection(uncovered, [item.stretch]).flatMap((part) => recurringCharge(item, part, input.currency))),
    ...recurringCredits(
      surplus.filter((piece) => begun.some(({ start, end }) => start <= piece.start && piece.end <= end)),
      lines,
      input,
    ),
  ];
}

/** Touching and overlapping stretches of one period as one: a change elsewhere splits no line, and coming back to what is paid for costs nothing. */
function joined(wanted: readonly ExpectedRecurring[]): ExpectedRecurring[] {
  return [...grouped(wanted, (item) => item.period.key).values()].flatMap((items) =>
    merged(items.map((item) => item.stretch)).flatMap((stretch) => {
      const item = items.find((candidate) => candidate.stretch.start === stretch.start);
      return item ? [{ ...item, stretch }] : [];
    }),
  );
}

function recurringCharge(item: ExpectedRecurring, part: Stretch, currency: string): Unnumbered[] {
  if (measure(part, item.rule) === 0n) return [];
  const portion = share(part, item.period, item.rule);
  const whole = portion.equals(ratio(1n, 1n));
  return [
    {
      ...ofDue(item),
      kind: 'recurring',
      slot: item.slot,
      price: item.price.key,
      description: item.price.name ?? item.price.key,
      quantity: item.quantity,
      unitPrice: item.price.model === 'per_unit' ? item.price.unitPrice : null,
      amountMinor: lineAmount(item.fullAmount.mul(portion), currency),
      servicePeriod: part,
      period: item.period,
      periodOrdinal: item.periodOrdinal,
      proration: !whole,
      adjusts: null,
      groups: null,
      breakdown: whole ? item.breakdown : [...item.breakdown, { step: 'share', quantity: portion.toFraction() }],
    },
  ];
}

/** Takes back surplus coverage from the lines that cover it now, the newest first; never from a credit. */
function recurringCredits(surplus: readonly Level[], lines: readonly BilledLine[], input: OwedInput): Unnumbered[] {
  let left = surplus.flatMap(({ start, end, level }) => Array.from({ length: level }, () => ({ start, end })));
  const credits: Unnumbered[] = [];
  for (const line of lines.filter((candidate) => candidate.adjusts === null).toReversed()) {
    const earlier = lines.filter((candidate) => candidate.adjusts === line.id);
    const covers = without(
      [line.servicePeriod],
      earlier.map((credit) => credit.servicePeriod),
    );
    const taken = merged(intersection(covers, left));
    left = withoutOnce(left, taken);
    credits.push(...creditsOn(line, earlier, taken, input));
  }
  return credits;
}

/** Removes each taken stretch one time: where the surplus is twofold, the second remains for an older line. */
function withoutOnce(from: readonly Stretch[], taken: readonly Stretch[]): Stretch[] {
  const rest = levels([...from.map((piece) => ({ ...piece, weight: 1 })), ...taken.map((piece) => ({ ...piece, weight: -1 }))]);
  return rest.flatMap(({ start, end, level }) => Array.from({ length: Math.max(level, 0) }, () => ({ start, end })));
}

/** What is taken back of one line, a credit for each stretch. */
function creditsOn(line: BilledLine, earlier: readonly BilledLine[], taken: readonly Stretch[], { ruleOf }: OwedInput): Unnumbered[] {
  const rule = ruleOf(line);
  const whole = measure(line.servicePeriod, rule);
  let uncovered = earlier.reduce((total, credit) => total + measure(credit.servicePeriod, rule), 0n);
  let credited = -billedOn(earlier);
  return taken.flatMap((part) => {
    const measured = measure(part, rule);
    if (measured === 0n) return [];
    uncovered += measured;
    const total = creditedInAll({ line, uncovered, whole, creditedBefore: credited });
    const amountMinor = credited - total;
    credited = total;
    const breakdown = [{ step: 'share' as const, quantity: ratio(measured, whole).toFraction() }];
    return [{ ...adjusting(line), kind: line.kind, amountMinor, servicePeriod: part, proration: true, breakdown }];
  });
}
