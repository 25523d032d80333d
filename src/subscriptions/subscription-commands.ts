import { type Instant, parseInstant } from '../domain/instant.js';
import type { CancelCommand, When } from '../domain/subscription/commands.js';
import type { Quantities } from '../domain/subscription/facts.js';
import { withoutAbsent } from '../domain/without-absent.js';
import type { ChangePlanInput } from './change-plan.js';
import type { StartInput } from './start-subscription.js';
import type { CancelSubscriptionDto, ChangePlanDto, StartSubscriptionDto } from './subscriptions.dto.js';

/** The bodies of requests as the domain's commands: instants and quantities in its types, and nothing that was left out. */

export const startInput = ({ startsAt, anchorAt, endsAt, quantities, ...rest }: StartSubscriptionDto): StartInput =>
  withoutAbsent({
    ...rest,
    startsAt: instantOf(startsAt),
    anchorAt: instantOf(anchorAt),
    endsAt: instantOf(endsAt),
    quantities: quantitiesOf(quantities),
  });

export const cancelCommand = ({ when, ...rest }: CancelSubscriptionDto): CancelCommand => withoutAbsent({ ...rest, when: whenOf(when) });

export const changePlanInput = ({ when, quantities, ...rest }: ChangePlanDto): ChangePlanInput =>
  withoutAbsent({ ...rest, when: whenOf(when), quantities: quantitiesOf(quantities) });

// Fields that a request may leave out may be null as well.
type Absent = null | undefined;

const instantOf = (text: string | Absent): Instant | undefined => (text ? parseInstant(text) : undefined);

const whenOf = (text: string | Absent): When | undefined => (text === 'now' || text === 'period_end' ? text : instantOf(text));

const quantitiesOf = (quantities: Readonly<Record<string, number>> | Absent): Quantities | undefined =>
  quantities ? Object.fromEntries(Object.entries(quantities).map(([price, quantity]) => [price, String(quantity)])) : undefined;
