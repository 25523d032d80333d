import { Refusal } from './refusal.js';

/**
 * Splits `total` minor units by weights: largest remainders first, an equal remainder to the earlier part, nothing to a weight of zero.
 * The parts always sum to the total; a negative total mirrors the positive one.
 * @throws Refusal `invalid_weights` for a weight below zero, or for no weight at all to carry a total that is not zero
 */
export function allocate(total: bigint, weights: readonly bigint[]): bigint[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0n);
  if (weights.some((weight) => weight < 0n) || (whole === 0n && total !== 0n))
    throw new Refusal('invalid', 'invalid_weights', 'Weights are not below zero, and one of them is above.');
  if (whole === 0n) return weights.map(() => 0n);
  if (total < 0n) return allocate(-total, weights).map((part) => -part);
  const parts = weights.map((weight) => (total * weight) / whole);
  const left = Number(total - parts.reduce((sum, part) => sum + part, 0n));
  const byRemainder = weights
    .map((weight, i) => ({ i, remainder: (total * weight) % whole }))
    .sort((a, b) => (a.remainder > b.remainder ? -1 : a.remainder < b.remainder ? 1 : a.i - b.i));
  for (const { i } of byRemainder.slice(0, left)) parts[i] = (parts[i] ?? 0n) + 1n;
  return parts;
}
