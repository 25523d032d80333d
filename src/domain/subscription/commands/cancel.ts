import { Refusal } from '../../refusal.js';
import type { Fact, Proration } from '../facts.js';
import { endOf, isPausedAt, pausesOf, standing } from '../lifecycle.js';
import { type ChangeContext, effectiveInstant, stamp, type When } from './context.js';
import { endsAlready, refuseEnded } from './transitions.js';

export interface CancelCommand {
  readonly when?: When;
  readonly proration?: Proration;
  readonly invoiceUsage?: boolean;
}

/**
 * The fact that ends a subscription. By default at the period's end, without credit, with its usage billed; what has not started ends now, or
 * at its start.
 * @throws Refusal `subscription_canceled`, `cancellation_already_scheduled`, `backdated_too_far`
 */
export function decideCancel(command: CancelCommand, context: ChangeContext): Fact[] {
  refuseEnded(context.history, context.now);
  const { when = 'period_end' } = command;
  const effectiveAt = when === 'now' ? context.now : effectiveInstant(when, context); // also of what has not started: at once
  const end = endOf(context.history);
  if (end !== undefined && end.effectiveAt <= effectiveAt) throw endsAlready(end.effectiveAt);
  const { proration = 'none', invoiceUsage = true } = command;
  return [{ kind: 'ended', ...stamp(context), effectiveAt, proration, invoiceUsage }];
}

/**
 * The fact that a subscription goes on though its end was known.
 * @throws Refusal `subscription_canceled`, `nothing_scheduled`
 */
export function decideUncancel(context: ChangeContext): Fact[] {
  refuseEnded(context.history, context.now);
  return withdrawing(context, (fact) => fact.kind === 'ended', 'The subscription is not to end: there is no cancellation to take back.');
}

/**
 * The fact that pending changes of plan and quantity, and pauses, will not be. A cancellation stays, and so does the end of a pause that has begun.
 * @throws Refusal `subscription_canceled`, `nothing_scheduled`
 */
export function decideDiscardScheduled(context: ChangeContext): Fact[] {
  refuseEnded(context.history, context.now);
  const pausedNow = isPausedAt(pausesOf(context.history), context.now);
  return withdrawing(
    context,
    ({ kind }) => kind === 'plan_changed' || kind === 'quantity_changed' || kind === 'paused' || (kind === 'resumed' && !pausedNow),
    'Nothing is scheduled that could be discarded; a cancellation is taken back by uncancel.',
  );
}

function withdrawing(context: ChangeContext, wanted: (fact: Fact) => boolean, nothing: string): Fact[] {
  const { history, now } = context;
  const seqs = standing(history).flatMap((fact) => (fact.effectiveAt > now && wanted(fact) ? [fact.seq] : []));
  if (seqs.length === 0) throw new Refusal('conflict', 'nothing_scheduled', nothing);
  return [{ kind: 'withdrawn', ...stamp(context), effectiveAt: now, seqs }];
}
