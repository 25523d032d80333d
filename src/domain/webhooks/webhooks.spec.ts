import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../instant.js';
import { subjectOf } from './event-subject.js';
import { hears, isFilter } from './filters.js';
import { fateOf, isGivenUp, WAITS } from './retries.js';

const TYPES = ['invoice.sent', 'invoice.voided', 'invoices.sent', 'usage.alert', 'webhook_endpoint.ping'];

test.each<[string, readonly string[], string, boolean]>([
  ['all hear of all', ['*'], 'invoice.sent', true],
  ['a kind of thing is heard of', ['invoice.*'], 'invoice.voided', true],
  ['a kind that begins alike is another', ['invoice.*'], 'invoices.sent', false],
  ['a kind that ends alike is another', ['endpoint.*'], 'webhook_endpoint.disabled', false],
  ['one type is heard of', ['invoice.sent'], 'invoice.sent', true],
  ['another type of the thing is not', ['invoice.sent'], 'invoice.voided', false],
  ['one of several filters is enough', ['usage.alert', 'invoice.*'], 'invoice.sent', true],
  ['no filter hears of nothing', [], 'invoice.sent', false],
  ['a ping is heard of by nobody else', ['*'], 'webhook_endpoint.ping', false],
])('%s', (_name, filters, type, heard) => {
  expect(hears(filters, type)).toBe(heard);
});

test.each([
  ['*', true],
  ['invoice.*', true],
  ['invoice.sent', true],
  ['invoice.paid', false],
  ['payment.*', false],
  ['invoice', false],
  ['inv*', false],
  ['*.sent', false],
  ['invoice.*.sent', false],
  ['webhook_endpoint.ping', false],
  ['', false],
])('"%s" is a filter: %s', (text, expected) => {
  expect(isFilter(text, TYPES)).toBe(expected);
});

test.each<[number, bigint]>([
  [1, 5n * SECOND],
  [2, 5n * MINUTE],
  [3, 30n * MINUTE],
  [9, 24n * HOUR],
])('after %i failures the next attempt waits, and a fifth longer at the most', (attempts, wait) => {
  const after = (chancePermille: bigint): unknown => fateOf({ succeeded: false, at: 7n, attempts, chancePermille });
  expect(after(0n)).toEqual({ state: 'pending', dueAt: 7n + wait });
  expect(after(500n)).toEqual({ state: 'pending', dueAt: 7n + wait + wait / 10n });
});

test('the tenth failure is the last, and a success always ends it', () => {
  expect(WAITS).toHaveLength(9);
  expect(fateOf({ succeeded: false, at: 0n, attempts: 10, chancePermille: 0n })).toEqual({ state: 'failed' });
  for (const attempts of [1, 5, 10])
    expect(fateOf({ succeeded: true, at: 0n, attempts, chancePermille: 0n })).toEqual({ state: 'delivered' });
});

test('waits grow, whatever chance draws', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.bigInt(0n, 999n), fc.bigInt(0n, 999n), (attempts, a, b) => {
      const [first, second] = [a, b].map((chancePermille, i) =>
        fateOf({ succeeded: false, at: 0n, attempts: attempts + i, chancePermille }),
      );
      return first?.state === 'pending' && second?.state === 'pending' && first.dueAt < second.dueAt;
    }),
    { numRuns: 50 },
  );
});

test('an endpoint is given up once it has only failed for so long', () => {
  expect(isGivenUp(0n, 5n * DAY - 1n, 5n * DAY)).toBe(false);
  expect(isGivenUp(0n, 5n * DAY, 5n * DAY)).toBe(true);
});

test.each<[string, object, string]>([
  ['credit_note.issued', { creditNote: 'cn_1', invoice: 'inv_1' }, 'cn_1'],
  ['invoice.sent', { invoice: 'inv_1' }, 'inv_1'],
  ['usage.alert', { alert: 'a', account: 'acme' }, 'acme'],
  ['dunning.started', { case: 'dun_1', invoice: 'inv_1' }, 'dun_1'],
  ['reconciliation.drift_found', { provider: 'sandbox' }, 'reconciliation'],
])('%s tells of its thing', (type, data, subject) => {
  expect(subjectOf({ type, data: data as Record<string, unknown> })).toBe(subject);
});
