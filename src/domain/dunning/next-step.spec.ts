import fc from 'fast-check';
import { DAY, HOUR, type Instant } from '../instant.js';
import { type DunningHistory, type FailedAttempt, nextStep } from './next-step.js';
import { type DunningPolicy, type FailureKind, lengthOf, policyProblems, type RetryLimit, type Wait } from './policy.js';

const days = (count: number): Wait => ({ unit: 'day', count });
const at = (day: number): Instant => BigInt(day) * DAY;

const POLICY: DunningPolicy = {
  soft: { retryAfter: [days(3), days(5), days(7)], endAfter: days(4) },
  hard: { endAfter: days(10) },
  newMethodNeeded: { endAfter: days(14) },
  authentication: { endAfter: days(2) },
  endsWithin: days(30),
  retryLimits: [{ attempts: 15, within: days(30) }],
  mails: [{ on: 'before_end', template: 'final_notice', before: days(3) }],
  atEnd: { subscriptions: 'cancel', invoice: 'leave' },
};

const failed = (day: number, kind: FailureKind, method = 'a'): FailedAttempt => ({ at: at(day), kind, method });

function after(
  failures: readonly FailedAttempt[],
  more: Partial<DunningHistory> & { method?: DunningHistory['method'] } = {},
): DunningHistory {
  const attemptsAt = failures.filter(({ method }) => method === 'a').map((failure) => failure.at);
  const method = { id: 'a', addedAt: 0n, attemptsAt };
  return { openedAt: failures[0]?.at ?? 0n, failures, underWay: false, method, noticedEnd: null, ...more };
}

test.each<[string, DunningHistory, object]>([
  ['a soft decline is retried after the first wait', after([failed(0, 'soft')]), { kind: 'retry', at: at(3) }],
  ['the second after the second wait', after([failed(0, 'soft'), failed(3, 'soft')]), { kind: 'retry', at: at(8) }],
  [
    'after the last retry the customer is told of the end',
    after([0, 3, 8, 15].map((day) => failed(day, 'soft'))),
    { kind: 'notice', at: at(16), end: at(19) },
  ],
  [
    'of which he was told, then it comes',
    after(
      [0, 3, 8, 15].map((day) => failed(day, 'soft')),
      { noticedEnd: at(19) },
    ),
    { kind: 'end', at: at(19) },
  ],
  ['a hard decline is not retried', after([failed(0, 'hard')], { noticedEnd: at(10) }), { kind: 'end', at: at(10) }],
  ['nor is a soft one after it', after([failed(0, 'soft'), failed(3, 'hard')], { noticedEnd: at(13) }), { kind: 'end', at: at(13) }],
  ['a card that expired waits for a new one', after([failed(0, 'new_method_needed')]), { kind: 'notice', at: at(11), end: at(14) }],
  ['consent is waited for', after([failed(0, 'authentication')], { noticedEnd: at(2) }), { kind: 'end', at: at(2) }],
  [
    'a new method is tried at once',
    after([failed(0, 'hard')], { method: { id: 'b', addedAt: at(4), attemptsAt: [] } }),
    { kind: 'retry', at: at(4) },
  ],
  ['without a method there is no retry', after([failed(0, 'soft')], { method: undefined }), { kind: 'notice', at: at(1), end: at(4) }],
  ['while a payment is under way nothing is begun', after([failed(0, 'soft')], { underWay: true }), { kind: 'wait' }],
  [
    'failures of new methods do not put the end off for ever',
    after([failed(0, 'hard'), failed(28, 'hard', 'b')], { method: { id: 'b', addedAt: at(28), attemptsAt: [at(28)] }, noticedEnd: at(30) }),
    { kind: 'end', at: at(30) },
  ],
])('%s', (_name, history, step) => {
  expect(nextStep(POLICY, history)).toEqual(step);
});

test('limits count attempts for other invoices, too', () => {
  const attemptsAt = Array.from({ length: 15 }, (_, i) => at(-i));
  expect(nextStep(POLICY, after([failed(0, 'soft')], { method: { id: 'a', addedAt: 0n, attemptsAt } }))).toEqual({
    kind: 'retry',
    at: at(16),
  });
});

test.each<[string, Partial<DunningPolicy>, string[]]>([
  ['that may be', {}, []],
  ['whose retries last longer than it', { endsWithin: days(18) }, ['/endsWithin']],
  ['that moves to no plan', { atEnd: { subscriptions: 'change_plan', invoice: 'leave' } }, ['/atEnd/plan']],
  ['that names a plan for nothing', { atEnd: { subscriptions: 'cancel', plan: 'free', invoice: 'leave' } }, ['/atEnd/plan']],
  ['whose last mail has no time', { mails: [{ on: 'before_end', template: 'final_notice' }] }, ['/mails/0/before']],
  [
    'with two mails at once',
    {
      mails: [
        { on: 'recovered', template: 'recovered' },
        { on: 'recovered', template: 'final_notice' },
      ],
    },
    ['/mails/1/on'],
  ],
])('a policy %s', (_name, change, pointers) => {
  expect(policyProblems({ ...POLICY, ...change }).map(({ pointer }) => pointer)).toEqual(pointers);
});

const wait = fc.record({ unit: fc.constantFrom('hour' as const, 'day' as const), count: fc.integer({ min: 1, max: 20 }) });
const policies = fc
  .record({
    retryAfter: fc.array(wait, { maxLength: 6 }),
    ends: fc.tuple(wait, wait, wait, wait, wait),
    retryLimits: fc.array(fc.record({ attempts: fc.integer({ min: 1, max: 4 }), within: wait }), { maxLength: 2 }),
    before: fc.option(wait),
  })
  .map(({ retryAfter, ends: [soft, hard, newMethod, authentication, within], retryLimits, before }): DunningPolicy => ({
    ...POLICY,
    soft: { retryAfter, endAfter: soft },
    hard: { endAfter: hard },
    newMethodNeeded: { endAfter: newMethod },
    authentication: { endAfter: authentication },
    endsWithin: within,
    retryLimits,
    mails: before === null ? [] : [{ on: 'before_end', template: 'final_notice', before }],
  }));
const outcomes = fc.array(
  fc.record({
    kind: fc.constantFrom('soft' as const, 'hard' as const, 'new_method_needed' as const, 'authentication' as const),
    newMethod: fc.boolean(),
    lateBy: fc.integer({ min: 0, max: 50 }),
  }),
  { minLength: 1, maxLength: 12 },
);

test('whatever fails: time only goes forwards, limits hold, hard declines are not retried, and the end comes in time', () => {
  fc.assert(
    fc.property(policies, outcomes, (policy, answers) => {
      const life = live(policy, answers);
      expect(life.steps).toEqual([...life.steps].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
      for (const limit of policy.retryLimits)
        for (const method of new Set(life.failures.map((failure) => failure.method))) expectWithin(limit, life, method);
      for (const [i, { method, at: when }] of life.failures.entries()) {
        const earlier = life.failures.slice(0, i).filter((failure) => failure.method === method);
        expect(earlier.filter(({ kind }) => kind !== 'soft')).toEqual([]);
        expect(when).toBeGreaterThanOrEqual(earlier.at(-1)?.at ?? 0n);
      }
      expect(life.endedAt).toBeGreaterThanOrEqual(life.failures.at(-1)?.at ?? 0n);
      expect(life.endedAt).toBeLessThanOrEqual(deadlineOf(policy, life.failures));
    }),
    { numRuns: 200 },
  );
});

/** Everything that a policy does while every attempt fails; each step is done some hours late. Ends with its end. */
function live(policy: DunningPolicy, answers: readonly { kind: FailureKind; newMethod: boolean; lateBy: number }[]) {
  const failures: FailedAttempt[] = [{ at: 0n, method: 'm0', kind: answers[0]?.kind ?? 'soft' }];
  const steps: Instant[] = [];
  let [methods, noticedEnd]: [number, Instant | null] = [1, null];
  let addedAt = 0n;
  for (let done = 1; ;) {
    const answer = answers[done];
    if (answer?.newMethod && failures.at(-1)?.method === `m${String(methods - 1)}`) {
      methods += 1;
      addedAt = failures.at(-1)?.at ?? 0n;
    }
    const id = `m${String(methods - 1)}`;
    const attemptsAt = failures.filter(({ method }) => method === id).map((failure) => failure.at);
    const step = nextStep(policy, { openedAt: 0n, failures, underWay: false, method: { id, addedAt, attemptsAt }, noticedEnd });
    if (step.kind === 'wait') throw new Error('nothing is under way');
    steps.push(step.at);
    if (step.kind === 'end') return { failures, steps, endedAt: step.at };
    if (step.kind === 'notice') noticedEnd = step.end;
    else {
      expect(step.at).toBeLessThan(deadlineOf(policy, failures));
      failures.push({ at: step.at + BigInt(answer?.lateBy ?? 0) * HOUR, method: id, kind: answer?.kind ?? 'soft' });
      done += 1;
    }
  }
}

const deadlineOf = (policy: DunningPolicy, failures: readonly FailedAttempt[]): Instant => {
  const [deadline, last] = [lengthOf(policy.endsWithin), failures.at(-1)?.at ?? 0n];
  return deadline > last ? deadline : last;
};

function expectWithin({ attempts, within }: RetryLimit, life: { failures: readonly FailedAttempt[] }, method: string): void {
  const made = life.failures.filter((failure) => failure.method === method).map((failure) => failure.at);
  made.forEach((first, i) => {
    const next = made[i + attempts];
    if (next !== undefined) expect(next - first).toBeGreaterThanOrEqual(lengthOf(within));
  });
}
