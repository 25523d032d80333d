import type { DunningStep } from '../../domain/dunning/next-step.js';
import { DAY, type Instant } from '../../domain/instant.js';

/** How often a case is looked at whose payment is under way: the outcome is told, this only makes sure that none is forgotten. */
const LOOK_AGAIN = DAY;

export const whenDue = (step: DunningStep, now: Instant): Instant => (step.kind === 'wait' ? now + LOOK_AGAIN : step.at);
