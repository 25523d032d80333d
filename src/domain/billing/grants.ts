import type { Instant } from '../instant.js';

export const GRANT_KINDS = ['paid', 'promotional'] as const;
export type GrantKind = (typeof GRANT_KINDS)[number];

/** Lower numbers are burnt down first. */
export const GRANT_PRIORITY = { min: 0, max: 100, standard: 50 } as const;

/** A credit grant as far as it can still pay for something. */
export interface CreditGrant {
  readonly id: string;
  readonly kind: GrantKind;
  readonly priority: number;
  /** From this instant on it pays for nothing; null for one that does not expire. */
  readonly expiresAt: Instant | null;
  readonly createdAt: Instant;
  /** What is left of it, in minor units, from 0. */
  readonly remainingMinor: bigint;
}

/** What a grant pays of one invoice, in minor units, above 0. */
export interface GrantApplication {
  readonly grant: string;
  readonly kind: GrantKind;
  readonly amountMinor: bigint;
}

/** Whether the grant pays for nothing more at an instant. */
export const isExpired = ({ expiresAt }: Pick<CreditGrant, 'expiresAt'>, at: Instant): boolean => expiresAt !== null && expiresAt <= at;

/**
 * What grants pay of an amount, which is in minor units and includes tax, at an instant: each until nothing is left of it or nothing to
 * pay. The lowest priority number first, then promotional before paid, the earlier expiry, the older. None at or after its expiry.
 */
export function burnDown(grants: readonly CreditGrant[], amountMinor: bigint, at: Instant): GrantApplication[] {
  let toPay = amountMinor;
  const applied: GrantApplication[] = [];
  for (const { id, kind, remainingMinor } of grants.filter((grant) => !isExpired(grant, at)).sort(inBurnOrder)) {
    const paid = remainingMinor < toPay ? remainingMinor : toPay;
    if (paid <= 0n) continue;
    applied.push({ grant: id, kind, amountMinor: paid });
    toPay -= paid;
  }
  return applied;
}

/** The grants once they paid that, in minor units. */
export function afterBurnDown(grants: readonly CreditGrant[], applied: readonly GrantApplication[]): CreditGrant[] {
  const used = new Map(applied.map(({ grant, amountMinor }) => [grant, amountMinor]));
  return grants.map((grant) => ({ ...grant, remainingMinor: grant.remainingMinor - (used.get(grant.id) ?? 0n) }));
}

/** What grants pay together, in minor units. */
export const sumOf = (applied: readonly GrantApplication[]): bigint => applied.reduce((total, { amountMinor }) => total + amountMinor, 0n);

function inBurnOrder(a: CreditGrant, b: CreditGrant): number {
  return (
    a.priority - b.priority ||
    rankOf(a) - rankOf(b) ||
    compare(a.expiresAt, b.expiresAt) ||
    compare(a.createdAt, b.createdAt) ||
    (a.id < b.id ? -1 : 1)
  );
}

const rankOf = ({ kind }: CreditGrant): number => (kind === 'promotional' ? 0 : 1);

/** Null, which is never, comes last. */
function compare(a: Instant | null, b: Instant | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  return b === null || a < b ? -1 : 1;
}
