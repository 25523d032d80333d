import { parseInstant } from '../domain/instant.js';
import { type Step, walk } from './walk.js';

const createdAt = parseInstant('2026-01-01T00:00:00Z');
const rows: Step[] = Array.from({ length: 7 }, (_, i) => ({ id: `pay_${String(i)}`, createdAt }));

/** As the database answers: what stays in the list is there in every walk. */
const pagesOf =
  (list: readonly Step[], size: number) =>
  ([, id]: readonly [string, string]): Promise<readonly Step[]> =>
    Promise.resolve(list.filter((row) => row.id > id).slice(0, size));

test('every row is walked once, however many stay in the list', async () => {
  const seen: string[] = [];
  await walk({ page: pagesOf(rows, 3), work: (id) => Promise.resolve(seen.push(id)), failed: fail });
  expect(seen).toEqual(rows.map(({ id }) => id));
});

test('one that fails is told of and stops no other', async () => {
  const [seen, failed]: [string[], string[]] = [[], []];
  await walk({
    page: pagesOf(rows, 2),
    work: (id) => (id === 'pay_3' ? Promise.reject(new Error('no')) : Promise.resolve(seen.push(id))),
    failed: (_error, id) => failed.push(id),
  });
  expect([seen.length, failed]).toEqual([6, ['pay_3']]);
});

test('what comes into the list behind the walk is walked too', async () => {
  const [list, seen]: [Step[], string[]] = [[...rows], []];
  await walk({
    page: (after) => pagesOf(list, 7)(after),
    work: (id) => {
      if (id === 'pay_6') list.push({ id: 'pay_9', createdAt });
      return Promise.resolve(seen.push(id));
    },
    failed: fail,
  });
  expect(seen.at(-1)).toBe('pay_9');
});

function fail(error: unknown): never {
  throw error;
}
