import { DatabaseUnavailable, isUnavailable, seenOutside } from './unavailable.js';

const failure = (message: string, code?: string): Error => Object.assign(new Error(message), code === undefined ? {} : { code });

test.each<[string, Error, boolean]>([
  ['a full disk', failure('could not extend file', '53100'), true],
  ['too many connections', failure('sorry, too many clients already', '53300'), true],
  ['a server that stops', failure('terminating connection', '57P01'), true],
  ['a server that recovers', failure('the database system is in recovery mode', '57P03'), true],
  ['a refused connection', failure('connect ECONNREFUSED', 'ECONNREFUSED'), true],
  ['a connection that was reset', failure('read ECONNRESET', 'ECONNRESET'), true],
  ['a connection that ended', failure('Connection terminated unexpectedly'), true],
  ['a key that is there already', failure('duplicate key', '23505'), false],
  ['a deadlock', failure('deadlock detected', '40P01'), false],
  ['a statement that was canceled', failure('canceling statement', '57014'), false],
  ['a fault of ours', new RangeError('an answer is missing'), false],
])('%s', (_case, error, unavailable) => {
  expect(isUnavailable(error)).toBe(unavailable);
  const seen = seenOutside(error);
  expect(seen).toEqual(unavailable ? new DatabaseUnavailable(error) : error);
  expect(seenOutside(seen)).toBe(seen);
});
