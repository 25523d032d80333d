import { type Instant, parseInstant } from '../domain/instant.js';
import type { When } from '../domain/subscription/commands/context.js';
import type { NamedAction } from '../domain/subscription/commands/decide.js';
import type { ActionName } from '../domain/subscription/commands/transitions.js';
import type { Overrides, Quantities } from '../domain/subscription/facts.js';
import { withoutAbsent } from '../domain/without-absent.js';
import { priceOf } from '../plans/put-plan.js';
import {
  CancelDto,
  ChangePlanDto,
  ChangeQuantityDto,
  DiscardScheduledDto,
  ExtendTrialDto,
  PauseDto,
  ResumeDto,
  UncancelDto,
} from './actions.dto.js';
import type { OverridesDto } from './overrides.dto.js';
import type { StartInput } from './start-subscription.js';
import type { StartSubscriptionDto } from './subscriptions.dto.js';

/** The bodies of requests as the domain's commands: instants and quantities in its types, and nothing that was left out. */

interface Reader<Body extends object> {
  readonly Body: new () => Body;
  readonly read: (body: Body) => NamedAction;
}

const reader = <Body extends object>(Body: new () => Body, read: (body: Body) => NamedAction): Reader<object> =>
  ({ Body, read }) as unknown as Reader<object>;

/** What each action is told: its body, and how that reads. */
export const READERS: Readonly<Record<ActionName, Reader<object>>> = {
  'change-plan': reader(ChangePlanDto, ({ when, quantities, overrides, reason: _reason, enforceLimits: _enforceLimits, ...rest }) =>
    withoutAbsent({
      action: 'change-plan' as const,
      ...rest,
      when: when === 'auto' ? when : whenOf(when),
      quantities: quantitiesOf(quantities),
      overrides: overridesOf(overrides),
    }),
  ),
  'change-quantity': reader(ChangeQuantityDto, ({ price, quantity, when }) =>
    withoutAbsent({ action: 'change-quantity' as const, price, quantity: String(quantity), when: whenOf(when) }),
  ),
  cancel: reader(CancelDto, ({ when, proration, invoiceUsage }) =>
    withoutAbsent({ action: 'cancel' as const, proration, invoiceUsage, when: whenOf(when) }),
  ),
  uncancel: reader(UncancelDto, () => ({ action: 'uncancel' })),
  pause: reader(PauseDto, ({ when, resumesAt }) =>
    withoutAbsent({ action: 'pause' as const, when: whenOf(when), resumesAt: instantOf(resumesAt) }),
  ),
  resume: reader(ResumeDto, ({ when }) => withoutAbsent({ action: 'resume' as const, when: whenOf(when) })),
  'extend-trial': reader(ExtendTrialDto, ({ trialEndsAt }) => ({ action: 'extend-trial', trialEndsAt: parseInstant(trialEndsAt) })),
  'discard-scheduled': reader(DiscardScheduledDto, () => ({ action: 'discard-scheduled' })),
};

export const startInput = ({ startsAt, anchorAt, endsAt, quantities, overrides, ...rest }: StartSubscriptionDto): StartInput =>
  withoutAbsent({
    ...rest,
    startsAt: instantOf(startsAt),
    anchorAt: instantOf(anchorAt),
    endsAt: instantOf(endsAt),
    quantities: quantitiesOf(quantities),
    overrides: overridesOf(overrides),
  });

// Fields that a request may leave out may be null as well.
type Absent = null | undefined;

const instantOf = (text: string | Absent): Instant | undefined => (text ? parseInstant(text) : undefined);

const whenOf = (text: string | Absent): When | undefined => (text === 'now' || text === 'period_end' ? text : instantOf(text));

const quantitiesOf = (quantities: Readonly<Record<string, number>> | Absent): Quantities | undefined =>
  quantities ? Object.fromEntries(Object.entries(quantities).map(([price, quantity]) => [price, String(quantity)])) : undefined;

const overridesOf = (overrides: OverridesDto | Absent): Overrides | undefined =>
  overrides ? withoutAbsent({ ...overrides, prices: overrides.prices?.map(priceOf) }) : undefined;
