import type { Instant } from '../instant.js';
import { type BilledLine, type Charge, creditNotedOf } from './line.js';

/** A charge that has not taken its position in its slot yet. */
export type Unnumbered = Omit<Charge, 'slotSeq'>;

/** Lines billed so far, by slot, in the order of billing. */
export type Billed = ReadonlyMap<string, readonly BilledLine[]>;

export function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** The highest position taken in each slot, by these lines and by what was known. An invoice shows its lines in another order than they were numbered. */
export function positionsTaken(
  lines: readonly Pick<Charge, 'slot' | 'slotSeq'>[],
  known: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const taken = new Map(known);
  for (const { slot, slotSeq } of lines) taken.set(slot, Math.max(slotSeq, taken.get(slot) ?? 0));
  return taken;
}

/** Net billed on the lines, in minor units. */
export const billedOn = (lines: readonly BilledLine[]): bigint => lines.reduce((total, line) => total + line.amountMinor, 0n);

/** The most that may be taken back on the lines: what was billed, less credit notes. In minor units, from 0. */
export function leftOn(lines: readonly BilledLine[]): bigint {
  const left = billedOn(lines) - lines.reduce((total, line) => total + creditNotedOf(line), 0n);
  return left > 0n ? left : 0n;
}

/** What was billed on slots that are no longer expected at all, less credit notes. */
export function reversals(billed: Billed, kind: 'metered' | 'minimum', wanted: ReadonlySet<string>): Unnumbered[] {
  return slotsOf(billed, kind).flatMap((slot) => {
    const lines = billed.get(slot) ?? [];
    const [first] = lines;
    const amountMinor = -leftOn(lines);
    if (wanted.has(slot) || !first || amountMinor === 0n) return [];
    return [
      {
        ...adjusting(first),
        kind: kind === 'metered' ? ('adjustment' as const) : kind,
        amountMinor,
        servicePeriod: first.servicePeriod,
        proration: false,
        breakdown: [],
      },
    ];
  });
}

/** The slots whose first line is of the kind. */
export function slotsOf(billed: Billed, kind: Charge['kind']): string[] {
  return [...billed].flatMap(([slot, lines]) => (lines[0]?.kind === kind ? [slot] : []));
}

/** What a line that adjusts another has in common with it. */
export function adjusting(line: BilledLine): Omit<Unnumbered, 'kind' | 'amountMinor' | 'servicePeriod' | 'proration' | 'breakdown'> {
  const { slot, dueAt, subscription, plan, planVersion, price, description, quantity, unitPrice, period, periodOrdinal, groups } = line;
  return {
    slot,
    dueAt,
    subscription,
    plan,
    planVersion,
    price,
    description,
    quantity,
    unitPrice,
    period,
    periodOrdinal,
    groups,
    adjusts: line.id,
  };
}

export function ofDue({
  subscription,
  plan,
  planVersion,
  dueAt,
}: {
  subscription: string;
  plan: string;
  planVersion: number;
  dueAt: Instant;
}): Pick<Charge, 'subscription' | 'plan' | 'planVersion' | 'dueAt'> {
  return { subscription, plan, planVersion, dueAt };
}
