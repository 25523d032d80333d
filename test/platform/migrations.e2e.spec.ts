import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/data-source.js';
import { migrate, migrateDown, migrationStatus } from '../../src/migrate.js';
import { emptyDatabase } from '../support/database.js';

const tables = async (source: DataSource): Promise<string[]> =>
  (
    await source.query<{ name: string }[]>(
      `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    )
  ).map((row) => row.name);

test('every migration goes up, down and up again', async () => {
  const url = await emptyDatabase('test_migrations');
  const done = await migrate(url);
  expect(done.length).toBeGreaterThan(0);
  const source = await new DataSource(dataSourceOptions({ url, poolMax: 1 })).initialize();
  const whole = await tables(source);
  for (const name of [...done].reverse()) expect(await migrateDown(url)).toBe(name);
  expect(await tables(source)).toEqual(['migrations']);
  expect(await migrationStatus(url)).toEqual(done.map((name) => ({ name, done: false })));
  expect(await migrate(url)).toEqual(done);
  expect(await tables(source)).toEqual(whole);
  expect(await migrate(url)).toEqual([]);
  expect(await migrationStatus(url)).toEqual(done.map((name) => ({ name, done: true })));
  await source.destroy();
}, 60_000);

test('the entities say what the tables are', async () => {
  const url = await emptyDatabase('test_drift');
  await migrate(url);
  const source = await new DataSource(dataSourceOptions({ url, poolMax: 1 })).initialize();
  const { upQueries } = await source.driver.createSchemaBuilder().log();
  expect(upQueries.map(({ query }) => query)).toEqual([]);
  await source.destroy();
}, 60_000);

test('keys of tables that belong to an account begin with it', async () => {
  const url = await emptyDatabase('test_keys');
  await migrate(url);
  const source = await new DataSource(dataSourceOptions({ url, poolMax: 1 })).initialize();
  const offending = await source.query(
    `select t.relname as table, i.relname as index
     from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid join pg_namespace n on n.oid = t.relnamespace
     join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0]
     where n.nspname = 'public' and x.indisunique and a.attname <> 'account_id'
       and exists (select 1 from pg_attribute c where c.attrelid = t.oid and c.attname = 'account_id' and c.attnotnull)
       and t.relname not in ('invoice_number', 'credit_note_number', 'journal_seal')`, // local tables: numbers are unique in their series, seals in their chain
  );
  expect(offending).toEqual([]);
  await source.destroy();
}, 60_000);
