import type { Tier } from '../catalog.js';
import { type Exact, exact, least, ZERO } from '../decimal.js';
import { Refusal } from '../refusal.js';

/** The part of a quantity that falls into one tier: more than the tier before reaches, up to and with `upTo`. */
export interface TierPart {
  readonly tier: Tier;
  readonly quantity: Exact;
}

/** The tiers that a quantity reaches, with what falls into each; none for a quantity of zero. */
export function tierParts(tiers: readonly Tier[], quantity: Exact): TierPart[] {
  const parts: TierPart[] = [];
  let from = ZERO;
  for (const tier of tiers) {
    if (from.gte(quantity)) break;
    const to = tier.upTo === null ? quantity : least(exact(tier.upTo), quantity);
    parts.push({ tier, quantity: to.sub(from) });
    from = to;
  }
  if (from.lt(quantity)) throw new Refusal('invalid', 'tiers_not_open', 'The last tier must be open: "upTo": null.');
  return parts;
}

/** The tier that a whole quantity falls into; none for a quantity of zero. */
export const tierReached = (tiers: readonly Tier[], quantity: Exact): Tier | undefined => tierParts(tiers, quantity).at(-1)?.tier;
