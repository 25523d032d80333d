import { Refusal, refuseAll } from '../../refusal.js';
import type { Fact } from '../facts.js';
import { type ChangeContext, effectiveInstant, heldAt, refuseAfterEnd, stamp, type When } from './context.js';
import { oneQuantityProblems } from './plan-fit.js';
import { refuseByState, refuseEnded } from './transitions.js';

export interface ChangeQuantityCommand {
  readonly price: string;
  /** A whole number from 0, as a decimal string. */
  readonly quantity: string;
  readonly when?: When;
}

/**
 * The fact that another number of units of a recurring price is held, by default now: the rest of the period is credited and charged anew.
 * @throws Refusal `subscription_canceled`, `change_after_end`, `backdated_too_far`, `quantity_already_held`, `invalid_request`
 */
export function decideChangeQuantity({ price, quantity, when = 'now' }: ChangeQuantityCommand, context: ChangeContext): Fact[] {
  refuseEnded(context.history, context.now);
  const effectiveAt = effectiveInstant(when, context);
  refuseAfterEnd(context.history, effectiveAt);
  refuseByState('change-quantity', context.history, effectiveAt);
  const held = heldAt(context, effectiveAt);
  refuseAll(oneQuantityProblems(held.plan, price, quantity, { price: '/price', quantity: '/quantity' }));
  if ((held.quantities[price] ?? '1') === quantity)
    throw new Refusal('conflict', 'quantity_already_held', `The subscription holds ${quantity} of "${price}" then already.`);
  return [{ kind: 'quantity_changed', ...stamp(context), effectiveAt, price, quantity }];
}
