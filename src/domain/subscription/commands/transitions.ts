import type { Instant } from '../../instant.js';
import { formatInstant } from '../../instant.js';
import { Refusal } from '../../refusal.js';
import type { SubscriptionHistory } from '../facts.js';
import { statusAt, type SubscriptionStatus } from '../lifecycle.js';

export const ACTIONS = [
  'change-plan',
  'change-quantity',
  'cancel',
  'uncancel',
  'pause',
  'resume',
  'extend-trial',
  'discard-scheduled',
] as const;
export type ActionName = (typeof ACTIONS)[number];

const ENDED = ['subscription_canceled', 'The subscription has ended, which is final: create a new one.'] as const;
const NOT_STARTED = ['subscription_not_started', 'The subscription has not started then: choose a later instant.'] as const;
const NOT_IN_TRIAL = ['not_in_trial', 'The subscription is in no trial: there is none to extend.'] as const;
const NOT_PAUSED = ['not_paused', 'The subscription is not paused then: there is nothing to resume.'] as const;

/** What a subscription refuses in the state that it will be in when the action takes effect: code and remedy. All else it takes. */
const REFUSED: Readonly<Record<ActionName, Readonly<Partial<Record<SubscriptionStatus, readonly [code: string, detail: string]>>>>> = {
  'change-plan': { canceled: ENDED },
  'change-quantity': { canceled: ENDED },
  cancel: { canceled: ENDED },
  uncancel: { canceled: ENDED },
  pause: {
    scheduled: NOT_STARTED,
    trialing: ['pause_in_trial', 'A trial cannot be paused: choose an instant after it, or extend it.'],
    paused: ['already_paused', 'The subscription is paused then already: resume it first, or choose another instant.'],
    canceled: ENDED,
  },
  resume: { scheduled: NOT_STARTED, trialing: NOT_PAUSED, active: NOT_PAUSED, canceled: ENDED },
  'extend-trial': { active: NOT_IN_TRIAL, paused: NOT_IN_TRIAL, canceled: ENDED },
  'discard-scheduled': { canceled: ENDED },
};

/** @throws Refusal with the code of the table, where the state refuses the action */
export function refuseByState(action: ActionName, history: SubscriptionHistory, at: Instant): void {
  const refused = REFUSED[action][statusAt(history, at)];
  if (refused) throw new Refusal('conflict', refused[0], refused[1]);
}

/** Canceled is final: whatever takes effect when, a subscription that has ended by now takes nothing. @throws Refusal `subscription_canceled` */
export function refuseEnded(history: SubscriptionHistory, now: Instant): void {
  if (statusAt(history, now) === 'canceled') throw new Refusal('conflict', ...ENDED);
}

export const endsAlready = (at: Instant): Refusal =>
  new Refusal(
    'conflict',
    'cancellation_already_scheduled',
    `The subscription ends at ${formatInstant(at)} already: cancel at an earlier instant, or leave it so.`,
  );
