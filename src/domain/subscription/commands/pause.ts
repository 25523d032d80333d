import type { Instant } from '../../instant.js';
import { refuseAll } from '../../refusal.js';
import type { Fact } from '../facts.js';
import { standing } from '../lifecycle.js';
import { type ChangeContext, effectiveInstant, refuseAfterEnd, stamp, type When } from './context.js';
import { refuseByState, refuseEnded } from './transitions.js';

export interface PauseCommand {
  readonly when?: When;
  readonly resumesAt?: Instant;
}

/**
 * The facts that a subscription is without service, by default from now on, and until when, if that is known.
 * @throws Refusal `subscription_canceled`, `subscription_not_started`, `pause_in_trial`, `already_paused`, `change_after_end`, `backdated_too_far`,
 *   `invalid_request`
 */
export function decidePause({ when = 'now', resumesAt }: PauseCommand, context: ChangeContext): Fact[] {
  refuseEnded(context.history, context.now);
  const effectiveAt = when === 'now' ? context.now : effectiveInstant(when, context);
  refuseAfterEnd(context.history, effectiveAt);
  refuseByState('pause', context.history, effectiveAt);
  if (resumesAt !== undefined && resumesAt <= effectiveAt)
    refuseAll([
      { pointer: '/resumesAt', code: 'resumes_before_pause', detail: 'resumesAt must lie after the instant at which the pause begins.' },
    ]);
  const paused: Fact = { kind: 'paused', ...stamp(context), effectiveAt };
  return resumesAt === undefined ? [paused] : [paused, { kind: 'resumed', ...stamp(context, 1), effectiveAt: resumesAt }];
}

export interface ResumeCommand {
  readonly when?: When;
}

/**
 * The facts that a pause ends, by default now; a later end that was planned for it is withdrawn.
 * @throws Refusal `subscription_canceled`, `subscription_not_started`, `not_paused`, `change_after_end`, `backdated_too_far`
 */
export function decideResume({ when = 'now' }: ResumeCommand, context: ChangeContext): Fact[] {
  const { history, now } = context;
  refuseEnded(history, now);
  const effectiveAt = when === 'now' ? now : effectiveInstant(when, context);
  refuseAfterEnd(history, effectiveAt);
  refuseByState('resume', history, effectiveAt);
  const later = standing(history).find((fact) => fact.kind === 'resumed' && fact.effectiveAt > effectiveAt);
  const next = standing(history).find((fact) => fact.kind === 'paused' && fact.effectiveAt > effectiveAt);
  const replaces = later !== undefined && later.effectiveAt > now && (next === undefined || later.effectiveAt <= next.effectiveAt);
  const withdrawn: Fact[] = replaces ? [{ kind: 'withdrawn', ...stamp(context), effectiveAt: now, seqs: [later.seq] }] : [];
  return [...withdrawn, { kind: 'resumed', ...stamp(context, withdrawn.length), effectiveAt }];
}
