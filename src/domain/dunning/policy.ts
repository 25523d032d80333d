import { DAY, HOUR, type Instant } from '../instant.js';
import type { FieldProblem } from '../refusal.js';

export const WAIT_UNITS = ['hour', 'day', 'week'] as const;

/** A length of time that is always the same: a day is 24 hours, whatever the clocks do. */
export interface Wait {
  readonly unit: (typeof WAIT_UNITS)[number];
  readonly count: number;
}

const UNIT_LENGTHS: Readonly<Record<Wait['unit'], Instant>> = { hour: HOUR, day: DAY, week: 7n * DAY };

/** In microseconds. */
export const lengthOf = ({ unit, count }: Wait): bigint => UNIT_LENGTHS[unit] * BigInt(count);

/**
 * What a failed attempt asks for: the same payment method may be tried again (`soft`), must not be (`hard`), is to be replaced
 * (`new_method_needed`), or its owner has to confirm the charge (`authentication`).
 */
export const FAILURE_KINDS = ['soft', 'hard', 'new_method_needed', 'authentication'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** At most so many attempts by one payment method within any stretch of that length, as card networks ask for. */
export interface RetryLimit {
  readonly attempts: number;
  readonly within: Wait;
}

export const END_SUBSCRIPTIONS = ['leave', 'cancel', 'pause', 'change_plan'] as const;
export const END_INVOICE = ['leave', 'mark_uncollectible'] as const;

/** What is done when the policy has run its course. */
export interface DunningEnd {
  /** With the subscriptions that the invoice bills. */
  readonly subscriptions: (typeof END_SUBSCRIPTIONS)[number];
  /** `change_plan`: the plan that they are moved to. */
  readonly plan?: string;
  readonly invoice: (typeof END_INVOICE)[number];
}

export const MAIL_MOMENTS = ['first_failure', 'later_failure', 'authentication_required', 'before_end', 'recovered'] as const;
export const DUNNING_TEMPLATES = ['payment_failed', 'authentication_required', 'final_notice', 'recovered'] as const;
export type DunningTemplate = (typeof DUNNING_TEMPLATES)[number];

/** Which mail is sent when. */
export interface DunningMail {
  readonly on: (typeof MAIL_MOMENTS)[number];
  readonly template: DunningTemplate;
  /** `before_end`: how long before the end. */
  readonly before?: Wait;
}

/** What happens when an invoice cannot be collected. Plain data; a version of it never changes. */
export interface DunningPolicy {
  /** How long after each failed attempt the same method is tried again; and how long after the last of them the policy ends. */
  readonly soft: { readonly retryAfter: readonly Wait[]; readonly endAfter: Wait };
  /** How long another payment method, or the customer's consent, is waited for. */
  readonly hard: { readonly endAfter: Wait };
  readonly newMethodNeeded: { readonly endAfter: Wait };
  readonly authentication: { readonly endAfter: Wait };
  /** However often new failures put the end off, it comes at the latest so long after the first one. */
  readonly endsWithin: Wait;
  readonly retryLimits: readonly RetryLimit[];
  readonly mails: readonly DunningMail[];
  readonly atEnd: DunningEnd;
}

/** What is wrong with a policy, field by field; empty where nothing is. */
export function policyProblems({ endsWithin, soft, mails, atEnd }: DunningPolicy): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const waits = [...soft.retryAfter, soft.endAfter].reduce((total, wait) => total + lengthOf(wait), 0n);
  if (waits > lengthOf(endsWithin))
    problems.push({
      pointer: '/endsWithin',
      code: 'too_short',
      detail: 'The waits of "soft" add up to more: let the policy end later, or retry sooner.',
    });
  mails.forEach(({ on, before }, i) => {
    if ((on === 'before_end') !== (before !== undefined))
      problems.push({
        pointer: `/mails/${String(i)}/before`,
        code: 'before_end_only',
        detail: 'Say how long before the end a mail "before_end" goes out, and of no other mail.',
      });
    if (mails.findIndex((other) => other.on === on) < i)
      problems.push({
        pointer: `/mails/${String(i)}/on`,
        code: 'duplicate',
        detail: 'One mail is sent at each moment: leave one of them out.',
      });
  });
  if ((atEnd.subscriptions === 'change_plan') !== (atEnd.plan !== undefined))
    problems.push({
      pointer: '/atEnd/plan',
      code: 'plan_of_change_only',
      detail: 'Name the plan that "change_plan" moves to, and none otherwise.',
    });
  return problems;
}
