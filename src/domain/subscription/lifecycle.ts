import { type Instant, type Stretch } from '../instant.js';
import type { EndedFact, Fact, StartedFact, SubscriptionHistory } from './facts.js';

export const STATUSES = ['scheduled', 'trialing', 'active', 'paused', 'canceled'] as const;
export type SubscriptionStatus = (typeof STATUSES)[number];

/** A stretch without service; `end` is null while nobody has said when it ends. */
export interface Pause {
  readonly start: Instant;
  readonly end: Instant | null;
}

/** The facts that were not withdrawn, in the order in which they take effect. */
export function standing({ facts }: SubscriptionHistory): Fact[] {
  const withdrawn = new Set(facts.flatMap((fact) => (fact.kind === 'withdrawn' ? fact.seqs : [])));
  return facts
    .filter((fact) => fact.kind !== 'withdrawn' && !withdrawn.has(fact.seq))
    .sort((a, b) => (a.effectiveAt < b.effectiveAt ? -1 : a.effectiveAt > b.effectiveAt ? 1 : a.seq - b.seq));
}

export function startOf(history: SubscriptionHistory): StartedFact {
  const started = history.facts.find((fact) => fact.kind === 'started');
  if (!started) throw new RangeError(`subscription ${history.id} has no start`);
  return started;
}

/** The subscription as if nothing but its start had happened to it, nor to the one that it is an add-on to. */
export function asStarted(history: SubscriptionHistory): SubscriptionHistory {
  const alone = { ...history, facts: [startOf(history)] };
  return history.parent ? { ...alone, parent: asStarted(history.parent) } : alone;
}

/** When the trial ends; an add-on has none but that of its parent, where it began in it. */
export function trialEndOf(history: SubscriptionHistory): Instant | null {
  const { parent } = history;
  const started = startOf(history);
  if (parent) {
    const end = trialEndOf(parent);
    return end !== null && started.effectiveAt < end ? end : null;
  }
  return history.facts.findLast((fact) => fact.kind === 'trial_moved')?.trialEndsAt ?? started.trialEndsAt;
}

/** When and how the subscription ends, as far as is known: the earliest of its ends, and of its parent's. */
export function endOf(history: SubscriptionHistory): EndedFact | undefined {
  const own = standing(history).find((fact) => fact.kind === 'ended');
  const parents = history.parent && endOf(history.parent);
  if (!own || !parents) return own ?? parents;
  return parents.effectiveAt < own.effectiveAt ? parents : own;
}

/** When the subscription is paused, in order: by itself, or with its parent. */
export function pausesOf(history: SubscriptionHistory): Pause[] {
  return united([...ownPauses(history), ...(history.parent ? pausesOf(history.parent) : [])]);
}

function ownPauses(history: SubscriptionHistory): Pause[] {
  const found: Pause[] = [];
  let since: Instant | undefined;
  for (const fact of standing(history)) {
    if (fact.kind === 'paused') since ??= fact.effectiveAt;
    if (fact.kind !== 'resumed' || since === undefined) continue;
    if (since < fact.effectiveAt) found.push({ start: since, end: fact.effectiveAt });
    since = undefined;
  }
  return since === undefined ? found : [...found, { start: since, end: null }];
}

/** Touching and overlapping pauses as one, in order. */
function united(pauses: readonly Pause[]): Pause[] {
  const found: Pause[] = [];
  for (const next of [...pauses].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
    const last = found.at(-1);
    if (last === undefined || (last.end !== null && next.start > last.end)) found.push(next);
    else found[found.length - 1] = { start: last.start, end: laterEnd(last.end, next.end) };
  }
  return found;
}

const laterEnd = (a: Instant | null, b: Instant | null): Instant | null => (a === null || b === null ? null : a > b ? a : b);

export const isPausedAt = (pauses: readonly Pause[], at: Instant): boolean =>
  pauses.some(({ start, end }) => start <= at && (end === null || at < end));

/** Pauses as far as they reach before `end`. */
export const pausesBefore = (pauses: readonly Pause[], end: Instant): Stretch[] =>
  pauses
    .filter((pause) => pause.start < end)
    .map((pause) => ({ start: pause.start, end: pause.end === null || pause.end > end ? end : pause.end }));

export function statusAt(history: SubscriptionHistory, at: Instant): SubscriptionStatus {
  const end = endOf(history);
  if (end !== undefined && at >= end.effectiveAt) return 'canceled';
  if (at < startOf(history).effectiveAt) return 'scheduled';
  const trialEndsAt = trialEndOf(history);
  if (trialEndsAt !== null && at < trialEndsAt) return 'trialing';
  return isPausedAt(pausesOf(history), at) ? 'paused' : 'active';
}
