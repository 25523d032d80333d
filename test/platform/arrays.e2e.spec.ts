import fc from 'fast-check';
import pg from 'pg';
import { instantArray, int4Array, int8Array, textArray, uuidArray } from '../../src/common/database/arrays.js';
import { formatInstant, parseInstant } from '../../src/domain/instant.js';

const client = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] ?? '' });
beforeAll(() => client.connect());
afterAll(() => client.end());

/** What PostgreSQL reads in an array, each element as text. */
const read = async (array: Buffer, type: string, shown = 'e::text'): Promise<(string | null)[]> =>
  (
    await client.query<{ e: string | null }>(`select ${shown} as e from unnest($1::${type}[]) with ordinality as u(e, n) order by n`, [
      array,
    ])
  ).rows.map(({ e }) => e);

const storable = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', ''));
const [FIRST, LAST] = [parseInstant('1900-01-01T00:00:00Z'), parseInstant('2199-12-31T23:59:59.999999Z')];

test('PostgreSQL reads what was written', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uuid()),
      fc.array(fc.option(storable)),
      fc.array(fc.integer()),
      fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      fc.array(fc.option(fc.bigInt({ min: FIRST, max: LAST }))),
      async (uuids, texts, integers, bigints, instants) => {
        expect(await read(uuidArray(uuids), 'uuid')).toEqual(uuids);
        expect(await read(uuidArray(uuids.map((one) => one.toUpperCase())), 'uuid')).toEqual(uuids);
        expect(await read(textArray(texts), 'text')).toEqual(texts);
        expect(await read(int4Array(integers), 'int')).toEqual(integers.map(String));
        expect(await read(int8Array(bigints), 'bigint')).toEqual(bigints.map(String));
        const micros = '(extract(epoch from e) * 1000000)::bigint::text';
        expect(await read(instantArray(instants), 'timestamptz', micros)).toEqual(instants.map((at) => (at === null ? null : String(at))));
      },
    ),
    { numRuns: 50 },
  );
});

test('an instant is the same in both forms', async () => {
  const at = parseInstant('2026-03-29T01:30:00.000001Z');
  const { rows } = await client.query<{ same: boolean }>('select ($1::timestamptz[])[1] = $2::timestamptz as same', [
    instantArray([at]),
    formatInstant(at),
  ]);
  expect(rows).toEqual([{ same: true }]);
});
