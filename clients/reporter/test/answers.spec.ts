import { noAnswer, outcomeOf } from '../src/answer.js';
import { pauseMs, retryAfterMs, slowPauseMs } from '../src/backoff.js';

const now = Date.parse('2026-03-01T12:00:00Z');
const read = (status: number, body: unknown, { events = 2, retryAfter = null as string | null } = {}) =>
  outcomeOf({ status, retryAfter, body: typeof body === 'string' ? body : JSON.stringify(body) }, { events, nowMs: now });
const report = (counts: object, results: readonly object[] = []) => ({
  accepted: 0,
  duplicates: 0,
  conflicts: 0,
  rejected: 0,
  results,
  ...counts,
});

test.each([
  ['1st failure: up to the first bound', 1, 0.999, 499.5],
  ['2nd failure: up to twice as much', 2, 0.999, 999],
  ['8th failure: up to the longest', 8, 0.5, 30_000],
  ['1000th failure: still', 1000, 0.5, 30_000],
  ['luck may make it nothing', 5, 0, 0],
])('the pause after the %s', (_name, failures, luck, pause) => {
  expect(pauseMs(failures, { firstMs: 500, maxMs: 60_000 }, () => luck)).toBeCloseTo(pause, 0);
});

test('where only people can help, no pause is short', () => {
  expect(slowPauseMs({ firstMs: 500, maxMs: 60_000 }, () => 0)).toBe(30_000);
  expect(slowPauseMs({ firstMs: 500, maxMs: 60_000 }, () => 1)).toBe(60_000);
});

test.each([
  ['absent', null, 0],
  ['seconds', '7', 7000],
  ['a date', 'Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['a date gone by', 'Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['nonsense', 'soon', 0],
  ['a month: an hour at most', '2592000', 3_600_000],
])('Retry-After, %s', (_name, header, wait) => {
  expect(retryAfterMs(header, now)).toBe(wait);
});

test.each([
  ['all accepted', report({ accepted: 2 }), 0],
  [
    'all known',
    report({ duplicates: 2 }, [
      { index: 0, id: 'a', status: 'duplicate' },
      { index: 1, id: 'b', status: 'duplicate' },
    ]),
    0,
  ],
  [
    'one rejected',
    report({ accepted: 1, rejected: 1 }, [{ index: 1, id: 'b', status: 'rejected', code: 'unknown_meter', pointer: '/type' }]),
    1,
  ],
  ['one in conflict', report({ accepted: 1, conflicts: 1 }, [{ index: 0, id: 'a', status: 'conflict' }]), 1],
])('an answer that accounts for each event settles them: %s', (_name, body, setAside) => {
  const outcome = read(200, body);
  expect(outcome.kind === 'taken' && outcome.notTaken.length).toBe(setAside);
});

test.each([
  ['no JSON', '<html>Welcome</html>'],
  ['nothing', ''],
  ['other JSON', { ok: true }],
  ['fewer events', report({ accepted: 1 })],
  ['more events', report({ accepted: 3 })],
  ['counts that only add up', report({ accepted: 3, rejected: -1 })],
  ['a rejected event that it does not name', report({ accepted: 1, rejected: 1 })],
  ['an index that was not sent', report({ accepted: 1, rejected: 1 }, [{ index: 2, status: 'rejected', code: 'x' }])],
  [
    'one event twice',
    report({ rejected: 2 }, [
      { index: 1, status: 'rejected' },
      { index: 1, status: 'rejected' },
    ]),
  ],
])('an answer that does not settles nothing: %s', (_name, body) => {
  expect(read(200, body)).toMatchObject({ kind: 'failed', slow: true });
});

test.each([
  [413, 'a gateway', '<html>', 'refused'],
  [413, 'the service', { code: 'too_many_events', detail: 'Less.' }, 'refused'],
  [400, 'the service', { code: 'invalid_json', detail: 'The body is not JSON.' }, 'refused'],
  [422, 'the service', { code: 'something', detail: 'No.' }, 'refused'],
  [400, 'a gateway', 'The plain HTTP request was sent to HTTPS port', 'slow'],
  [401, 'the service', { code: 'invalid_api_key', detail: 'No such key.' }, 'slow'],
  [403, 'the service', { code: 'missing_scope', detail: 'No.' }, 'slow'],
  [404, 'a gateway', 'no route', 'slow'],
  [301, 'a gateway', '', 'slow'],
  [202, 'another service', { ok: true }, 'slow'],
  [408, 'anyone', '', 'soon'],
  [425, 'anyone', '', 'soon'],
  [429, 'the service', { code: 'rate_limited', detail: 'Wait.' }, 'soon'],
  [500, 'the service', { code: 'internal_error', detail: 'Something failed.' }, 'soon'],
  [502, 'a gateway', '<html>', 'soon'],
  [503, 'the service', { code: 'unavailable', detail: 'Later.' }, 'soon'],
])('%s from %s', (status, _who, body, expected) => {
  const outcome = read(status, body, { retryAfter: '3' });
  if (expected === 'refused') expect(outcome.kind).toBe('refused');
  else expect(outcome).toMatchObject({ kind: 'failed', slow: expected === 'slow', retryAfterMs: 3000 });
});

test('what went wrong on the way is told to its cause', () => {
  const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') });
  expect(noAnswer(error)).toMatchObject({
    kind: 'failed',
    slow: false,
    problem: { message: 'fetch failed: connect ECONNREFUSED 127.0.0.1:1' },
  });
});
