import { earliest, type Instant, latest } from '../instant.js';
import { type DunningPolicy, type FailureKind, lengthOf, type RetryLimit } from './policy.js';

/** An attempt to collect the invoice that came to nothing, or that waits for the customer. */
export interface FailedAttempt {
  /** When that was known. */
  readonly at: Instant;
  /** Id of the payment method. */
  readonly method: string;
  readonly kind: FailureKind;
}

/** What is known of an invoice that could not be collected. */
export interface DunningHistory {
  /** When its first attempt failed. */
  readonly openedAt: Instant;
  /** At least one, in the order of time. */
  readonly failures: readonly FailedAttempt[];
  /** A payment is under way whose outcome is not known: nothing else may be begun. */
  readonly underWay: boolean;
  /** What the account would be charged by, and every attempt by it for whatever invoice; none where it has no payment method. */
  readonly method: { readonly id: string; readonly addedAt: Instant; readonly attemptsAt: readonly Instant[] } | undefined;
  /** The end of which the customer was told ahead. */
  readonly noticedEnd: Instant | null;
}

/** What comes next, and when. `at` may have passed: then it is due. */
export type DunningStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'retry'; readonly at: Instant }
  | { readonly kind: 'notice'; readonly at: Instant; readonly end: Instant }
  | { readonly kind: 'end'; readonly at: Instant };

/**
 * The next step of a policy. Only a soft decline is retried by the same payment method, within the retry limits; one that the customer added
 * since is tried as soon as they allow; and the end comes at the latest `endsWithin` after the opening, or with the last failure where that was later.
 */
export function nextStep(policy: DunningPolicy, history: DunningHistory): DunningStep {
  if (history.underWay) return { kind: 'wait' };
  const last = history.failures.at(-1);
  if (!last) throw new RangeError('nothing has failed');
  const deadline = latest(history.openedAt + lengthOf(policy.endsWithin), last.at);
  const retryAt = retryInstant(policy, history, last);
  if (retryAt !== undefined && retryAt < deadline) return { kind: 'retry', at: retryAt };
  const end = earliest(last.at + lengthOf(patience(policy, last.kind)), deadline);
  return notice(policy, history, { end, last }) ?? { kind: 'end', at: end };
}

/** When the account's method may be charged again; `undefined`: never by the policy. */
function retryInstant(policy: DunningPolicy, { failures, method }: DunningHistory, last: FailedAttempt): Instant | undefined {
  if (!method) return undefined;
  const byMethod = failures.filter((failure) => failure.method === method.id);
  if (byMethod.length === 0) return withinLimits(policy.retryLimits, method.attemptsAt, latest(last.at, method.addedAt));
  if (last.method !== method.id || byMethod.some(({ kind }) => kind !== 'soft')) return undefined;
  const wait = policy.soft.retryAfter[failures.filter(({ kind }) => kind === 'soft').length - 1];
  return wait === undefined ? undefined : withinLimits(policy.retryLimits, method.attemptsAt, last.at + lengthOf(wait));
}

/** The first instant from `from` on at which one more attempt keeps all limits. */
function withinLimits(limits: readonly RetryLimit[], attemptsAt: readonly Instant[], from: Instant): Instant {
  const made = [...attemptsAt].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return limits.reduce((at, { attempts, within }) => {
    const oldest = made.at(-attempts); // of as many as there may be
    return oldest === undefined ? at : latest(at, oldest + lengthOf(within));
  }, from);
}

const patience = (policy: DunningPolicy, kind: FailureKind): DunningPolicy['endsWithin'] =>
  ({
    soft: policy.soft.endAfter,
    hard: policy.hard.endAfter,
    new_method_needed: policy.newMethodNeeded.endAfter,
    authentication: policy.authentication.endAfter,
  })[kind];

/** The customer is told of an end ahead, once; anew where a failure since has put it off. */
function notice(
  { mails }: DunningPolicy,
  { noticedEnd }: DunningHistory,
  { end, last }: { readonly end: Instant; readonly last: FailedAttempt },
): DunningStep | undefined {
  const before = mails.find(({ on }) => on === 'before_end')?.before;
  if (before === undefined || noticedEnd === end) return undefined;
  return { kind: 'notice', at: latest(end - lengthOf(before), last.at), end };
}
