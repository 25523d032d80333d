import { Account, type Decided, unlessRefused } from './account.js';
import { quantitiesOf, translated } from './attempts.js';
import { record } from './life.js';
import type { Scenario, Step } from './scenario.js';

/** Sees the account after every step and every bill. */
export type Watch = (account: Account, isBilled: boolean) => void;

/** The life of an account: everything is tried, refused or not, and billed at once or later. */
export function lived(scenario: Scenario, each: Watch = () => undefined): Account {
  const account = new Account(scenario);
  each(account, true);
  for (const step of scenario.steps) {
    account.advanceTo(account.ahead(step.gap), () => each(account, true));
    tried(account, step)?.accept();
    if (step.isBilled) account.bill();
    each(account, step.isBilled);
  }
  return account;
}

/** The same account once everything was canceled, and billed. */
export function closed(account: Account): Account {
  const facts = unlessRefused(() => account.decided(0, { action: 'cancel', when: 'now', proration: 'prorate' }));
  if (facts) {
    account.histories = account.with(0, facts);
    record(account.lives[0]!, { do: 'cancel' }, account.now, account.now);
  }
  account.bill();
  return account;
}

/** Tries one step; nothing where it was refused. It takes effect when the book says, or the test has failed. */
export function tried(account: Account, { subject: position, attempt }: Step): Decided | undefined {
  const subject = attempt.do === 'add-on' ? 0 : position % account.lives.length;
  const life = account.lives[subject]!;
  if (attempt.do === 'add-on') {
    if (account.lives.length === 3) return undefined;
    const plan = account.planOf(attempt.plan);
    const startsAt = account.after(account.now, attempt.startsIn);
    return unlessRefused(() => account.started(plan, startsAt, quantitiesOf(plan, attempt.seats) ?? {}));
  }
  const { action, accepted, at } = translated(attempt, account, life);
  const facts = unlessRefused(() => account.decided(subject, action));
  if (!facts) return undefined;
  expect(facts.find((fact) => fact.kind !== 'withdrawn')?.effectiveAt ?? at).toBe(at);
  const histories = account.with(subject, facts);
  return {
    histories,
    accept: () => {
      account.histories = histories;
      record(life, accepted, at, account.now);
    },
  };
}
