import { readFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/data-source.js';
import { migrate } from '../../src/migrate.js';
import { emptyDatabase } from '../support/database.js';

/** The tables that docs/citus.sql spreads over the nodes of a cluster. */
const spread = [...readFileSync('docs/citus.sql', 'utf8').matchAll(/'((?:usage|event)_[a-z_]+)'/g)].map(([, name]) => name ?? '');

let source: DataSource;
beforeAll(async () => {
  const url = await emptyDatabase('test_spreading');
  await migrate(url);
  source = await new DataSource(dataSourceOptions({ url, poolMax: 1 })).initialize();
}, 60_000);
afterAll(() => source.destroy());

test('every table of usage that belongs to an account is spread', async () => {
  const rows = await source.query(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and (c.relname like 'usage\\_%' or c.relname = 'event_identity') order by 1`,
  );
  const [all, listed] = [rows.map((row: { name: string }) => row.name), [...new Set(spread)].sort()];
  expect(listed.filter((name) => !all.includes(name))).toEqual([]);
  expect(all.filter((name: string) => !listed.includes(name) && !STAYS.has(name))).toEqual([]);
});

/** Few rows, of what people do: they stay on the coordinator. */
const STAYS = new Set(['usage_backfill', 'usage_backfill_item', 'usage_restored']);

test('their unique keys contain the account', async () => {
  const offending = await source.query(
    `select t.relname as table, i.relname as index from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
     where x.indisunique and t.relname = any($1) and not exists (
       select 1 from pg_attribute a where a.attrelid = t.oid and a.attname = 'account_id' and a.attnum = any(x.indkey::int[]))`,
    [spread],
  );
  expect(offending).toEqual([]);
});

test('no foreign key leads out of them or into them, and no trigger is left that the script does not drop', async () => {
  expect(
    await source.query(
      `select conname from pg_constraint where contype = 'f' and (conrelid::regclass::text = any($1) or confrelid::regclass::text = any($1))`,
      [spread],
    ),
  ).toEqual([]);
  const script = readFileSync('docs/citus.sql', 'utf8');
  const triggers: { name: string }[] = await source.query(
    `select tgname as name from pg_trigger where not tgisinternal and tgparentid = 0 and tgrelid::regclass::text = any($1)`,
    [spread],
  );
  expect(triggers.map(({ name }) => name).filter((name) => !script.includes(` ${name} `))).toEqual([]);
});
