import { Writable } from 'node:stream';
import { QueryFailedError } from 'typeorm';
import { createLog } from './logger.js';

/** The lines that are written meanwhile. */
function logged(write: (log: ReturnType<typeof createLog>) => void): { text: string; lines: any[] } {
  const chunks: string[] = [];
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  write(createLog('info', to));
  return { text: chunks.join(''), lines: chunks.map((chunk) => JSON.parse(chunk) as unknown) };
}

const SECRETS = ['secret-token-value', 'ada@example.com'];
const driverError = (code: string, message: string): Error =>
  Object.assign(new Error(message), {
    code,
    detail: `Key (email)=(${String(SECRETS[1])}) already exists.`,
    table: 'account',
    constraint: 'account_pk',
  });
const failed = (code: string, message: string): Error =>
  new QueryFailedError('insert into account values ($1, $2)', SECRETS, driverError(code, message));

test('of a failed query neither the statement nor its values are logged', () => {
  const { text, lines } = logged((log) => {
    log.error({ err: failed('23505', 'duplicate key value violates unique constraint "account_pk"') }, 'failed');
  });
  for (const part of [...SECRETS, 'insert into']) expect(text).not.toContain(part);
  expect(lines[0].err).toMatchObject({
    type: 'QueryFailedError',
    message: 'duplicate key value violates unique constraint "account_pk"',
    code: '23505',
    constraint: 'account_pk',
    table: 'account',
  });
  expect(lines[0].err.stack).toContain('logger.spec');
});

test('a value that the database quotes is not logged either, nor one behind another error', () => {
  const { text, lines } = logged((log) => {
    log.error({ err: failed('22P02', `invalid input syntax for type uuid: "${String(SECRETS[0])}"`) }, 'failed');
    log.error({ err: new Error('outer', { cause: failed('23505', 'duplicate key') }) }, 'failed');
  });
  for (const part of [...SECRETS, 'insert into']) expect(text).not.toContain(part);
  expect(lines.map(({ err }) => [err.message, err.cause?.code])).toEqual([
    ['the database refused a value (22P02)', undefined],
    ['outer', '23505'],
  ]);
});
