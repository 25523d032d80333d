import type { Instant } from './instant.js';

/** How our books and a provider's may be apart. */
export const DRIFT_KINDS = [
  'amount',
  'currency',
  'duplicate_charge',
  'missing_at_provider',
  'missing_here',
  'refund_amount',
  'refund_missing_at_provider',
  'refund_missing_here',
  'status',
  'wrong_account',
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** Money that was moved, or was to be, as one side has it. Amounts in minor units. */
export interface Movement {
  readonly kind: 'charge' | 'refund';
  /** What it belongs to: a payment, of which there may be several attempts, or a refund. What one side does not know has a subject of its own. */
  readonly subject: string;
  /** The key under which the provider was asked for it. */
  readonly key: string;
  readonly state: 'succeeded' | 'pending' | 'failed';
  readonly amountMinor: bigint;
  readonly currency: string;
  /** The provider's name of who pays; null where it is not told. */
  readonly customer: string | null;
  /** The provider's name of it. */
  readonly reference: string | null;
  readonly at: Instant;
}

/** One place at which the books are apart, and what either side has there. */
export interface Drift {
  readonly kind: DriftKind;
  readonly subject: string;
  readonly ours: Movement | null;
  readonly theirs: Movement | null;
}

/**
 * Where two streams of movements differ, both sorted by subject, ascending by code units. Of each the movements of one subject are in memory.
 * Of what is pending with us and was begun at `openFrom` or later nothing is said: it is under way.
 */
export async function* reconcile(ours: AsyncIterable<Movement>, theirs: AsyncIterable<Movement>, openFrom: Instant): AsyncGenerator<Drift> {
  const [left, right] = [bySubject(ours), bySubject(theirs)];
  let [own, other] = [await next(left), await next(right)];
  while (own.length > 0 || other.length > 0) {
    const subject = least(own[0]?.subject, other[0]?.subject);
    const [here, there] = [own, other].map((group) => (group[0]?.subject === subject ? group : [])) as [Movement[], Movement[]];
    yield* driftsOf(here, there, openFrom);
    if (here.length > 0) own = await next(left);
    if (there.length > 0) other = await next(right);
  }
}

/** Where the movements of one subject differ. */
export function driftsOf(ours: readonly Movement[], theirs: readonly Movement[], openFrom: Instant): Drift[] {
  const known = ours.flatMap((own) => {
    const same = theirs.filter(({ key }) => key === own.key);
    if (own.state === 'succeeded') return ofSucceeded(own, same);
    if (own.state === 'pending' && own.at >= openFrom) return [];
    const isPaidOtherwise = ours.some((another) => another.state === 'succeeded');
    return ofOther(own, same, isPaidOtherwise);
  });
  const keys = new Set(ours.map(({ key }) => key));
  const unknown = theirs.filter(({ key, state }) => state !== 'failed' && !keys.has(key));
  return [...known, ...unknown.map((their) => drift(their.kind === 'refund' ? 'refund_missing_here' : 'missing_here', null, their))];
}

/** What went through here went through there, once, alike. */
function ofSucceeded(own: Movement, theirs: readonly Movement[]): Drift[] {
  const [first, ...more] = theirs.filter(({ state }) => state === 'succeeded');
  const [their] = theirs;
  if (first) return [...differences(own, first), ...more.map((one) => drift(twice(one), own, one))];
  if (their) return [drift('status', own, their)];
  return [drift(own.kind === 'refund' ? 'refund_missing_at_provider' : 'missing_at_provider', own, null)];
}

/** What did not go through here did not go through there. What is pending here is pending there, or unknown. */
function ofOther(own: Movement, theirs: readonly Movement[], isPaidOtherwise: boolean): Drift[] {
  const [first, ...more] = theirs.filter(({ state }) => state === 'succeeded');
  const [their] = theirs;
  if (first) return [drift(isPaidOtherwise ? twice(first) : 'status', own, first), ...more.map((one) => drift(twice(one), own, one))];
  const isFailedThere = their !== undefined && theirs.every(({ state }) => state === 'failed');
  return own.state === 'pending' && isFailedThere ? [drift('status', own, their)] : [];
}

/** Amounts of different currencies are not compared. */
function differences(own: Movement, their: Movement): Drift[] {
  const kinds: DriftKind[] = [];
  if (own.currency !== their.currency) kinds.push('currency');
  else if (own.amountMinor !== their.amountMinor) kinds.push(own.kind === 'refund' ? 'refund_amount' : 'amount');
  if (own.customer !== null && their.customer !== null && own.customer !== their.customer) kinds.push('wrong_account');
  return kinds.map((kind) => drift(kind, own, their));
}

const twice = ({ kind }: Movement): DriftKind => (kind === 'refund' ? 'refund_missing_here' : 'duplicate_charge');

const drift = (kind: DriftKind, ours: Movement | null, theirs: Movement | null): Drift => ({
  kind,
  subject: ours?.subject ?? theirs?.subject ?? '',
  ours,
  theirs,
});

const least = (a: string | undefined, b: string | undefined): string | undefined => (b === undefined || (a !== undefined && a < b) ? a : b);

/** The next subject's movements; none at the end. */
const next = async (groups: AsyncGenerator<Movement[], undefined>): Promise<Movement[]> => (await groups.next()).value ?? [];

async function* bySubject(movements: AsyncIterable<Movement>): AsyncGenerator<Movement[], undefined> {
  let group: Movement[] = [];
  for await (const movement of movements) {
    const [first] = group;
    if (first && first.subject !== movement.subject) {
      if (movement.subject < first.subject) throw new RangeError(`movements are not sorted: ${movement.subject} follows ${first.subject}`);
      yield group;
      group = [];
    }
    group.push(movement);
  }
  if (group.length > 0) yield group;
}
