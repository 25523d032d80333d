import pg from 'pg';
import { migrate } from '../../src/migrate.js';

const admin = process.env['TEST_DATABASE_URL'] ?? '';
const at = (database: string): string => Object.assign(new URL(admin), { pathname: `/${database}` }).href;

/** A fresh, migrated database for the calling test file: a copy of a template that the first worker of the run makes. */
export async function freshDatabase(name = `test_${process.env['JEST_WORKER_ID'] ?? '0'}`): Promise<string> {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(1)'); // the template is made once, and copied by one at a time
    const { rowCount } = await client.query(`select from pg_database where datname = 'template_ready'`);
    if (rowCount === 0) {
      await client.query('drop database if exists template_new with (force)');
      await client.query('create database template_new');
      await migrate(at('template_new'));
      await client.query('alter database template_new rename to template_ready');
    }
    await client.query(`drop database if exists ${name} with (force)`);
    await client.query(`create database ${name} template template_ready strategy file_copy`);
    return at(name);
  } finally {
    await client.end();
  }
}

/** An empty database, not migrated. */
export async function emptyDatabase(name: string): Promise<string> {
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  try {
    await client.query(`drop database if exists ${name} with (force)`);
    await client.query(`create database ${name}`);
    return at(name);
  } finally {
    await client.end();
  }
}
