import { TestApp } from '../support/app.js';
import { chance } from '../support/chance.js';
import { afterStory } from '../support/story.js';

const ACCOUNTS = 5;
const FINALIZATIONS = 50;
const DOOMED_SHARE = 0.3;
const SEED = Number(process.env['NUMBERS_SEED'] ?? Date.now() % 1_000_000);

let wharfage: TestApp;
beforeAll(async () => {
  wharfage = await TestApp.start({ now: '2026-12-31T20:00:00Z' });
}, 30_000);
afterAll(() => wharfage.close());

const seller = (key: string, more: object = {}): Promise<any> => wharfage.call('PUT', `/v2/sellers/${key}`, { name: key, ...more });
const account = (key: string, more: object = {}): Promise<any> =>
  wharfage.call('PUT', `/v2/accounts/${key}`, { kind: 'organization', name: key, currency: 'USD', ...more });
const charge = (key: string, more: object = {}): Promise<any> =>
  wharfage.ok('POST', '/v2/invoices', { account: key, lines: [{ description: 'Work', amount: '10.00' }], ...more });

/** Finalizing one of these fails at a step of it, or the server ends its connection there. */
const DOOM = `
  create table doomed (invoice_id text primary key, step text not null, is_killed boolean not null);
  create function meet_doom() returns trigger language plpgsql as $$
  declare fate doomed;
  begin
    select * into fate from doomed
    where step = tg_table_name and invoice_id = coalesce(to_jsonb(new) ->> 'invoice_id', to_jsonb(new) ->> 'id');
    if fate.is_killed then perform pg_terminate_backend(pg_backend_pid());
    elsif found then raise exception 'doomed';
    end if;
    return new;
  end $$;
  create trigger a_doom before insert on invoice_line for each row execute function meet_doom();
  create trigger a_doom before insert on invoice for each row execute function meet_doom();
  create trigger a_doom before insert on journal_entry for each row execute function meet_doom()`;
const STEPS = ['invoice_line', 'invoice', 'journal_entry'];

const numbers = async (): Promise<number[]> =>
  (await wharfage.source.query(`select n from invoice_number where series = 'default' order by n`)).map(({ n }: { n: bigint }) =>
    Number(n),
  );
const counted = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test(`numbers have no gap when finalizations at once are rolled back or killed (NUMBERS_SEED=${String(SEED)})`, async () => {
  const random = chance(SEED);
  console.info(`seed ${String(SEED)}`);
  for (let i = 0; i < ACCOUNTS; i += 1) await account(`a${String(i)}`);
  const drafts: string[] = [];
  for (let i = 0; i < FINALIZATIONS; i += 1) drafts.push((await charge(`a${String(i % ACCOUNTS)}`, { draft: true })).id);
  await wharfage.source.query(DOOM);
  const doomed = drafts.filter(() => random() < DOOMED_SHARE);
  for (const id of doomed)
    await wharfage.source.query('insert into doomed values ($1, $2, $3)', [id, STEPS[Math.floor(random() * STEPS.length)], random() < 0.5]);
  const finalize = async (id: string): Promise<boolean> => {
    const headers = { authorization: `Bearer ${wharfage.adminKey}`, 'idempotency-key': id };
    const url = `/v2/invoices/${id}/finalize`;
    return (await wharfage.app.inject({ method: 'POST', url, headers })).statusCode === 200; // what is doomed answers what no contract says
  };
  const done = await Promise.all(drafts.map(finalize));
  expect(done).toEqual(drafts.map((id) => !doomed.includes(id)));
  expect(await numbers()).toEqual(counted(FINALIZATIONS - doomed.length));
  await wharfage.source.query('delete from doomed');
  expect(await Promise.all(doomed.map(finalize))).toEqual(doomed.map(() => true));
  expect(await numbers()).toEqual(counted(FINALIZATIONS));
  await afterStory(wharfage);
});

test('a seller numbers its documents by itself, each year from 1 by its own calendar', async () => {
  expect((await account('berlin', { seller: 'de' })).body).toMatchObject({ status: 422, code: 'unknown_seller' });
  const de = { invoicePrefix: 'DE-{year}-', creditNotePrefix: 'DE-CN-{year}-', timeZone: 'Europe/Berlin', paymentTermsDays: 14 };
  expect((await seller('de', de)).body).toMatchObject({ ...de, isDefault: false });
  expect((await account('berlin', { seller: 'de' })).body).toMatchObject({ seller: 'de' });
  const first = await charge('berlin');
  expect([first.number, first.dueAt, first.seller.key]).toEqual(['DE-2026-000001', '2027-01-14T20:00:00Z', 'de']);
  await wharfage.travel('2026-12-31T23:30:00Z');
  expect((await charge('berlin')).number).toBe('DE-2027-000001');
  const credit = { reason: 'a mistake', settle: 'none' };
  const { number } = await wharfage.ok('POST', `/v2/invoices/${String(first.id)}/credit-notes`, credit);
  expect(number).toBe('DE-CN-2027-000001');
  await account('elsewhere');
  expect((await charge('elsewhere')).number).toMatch(/^INV-/);
  const month = { unit: 'month', count: 1 };
  const prices = [{ key: 'base', kind: 'recurring', model: 'flat', amount: '1.00' }];
  await wharfage.ok('PUT', '/v2/plans/flat', { name: 'Flat', product: 'test', currency: 'USD', interval: month, prices });
  for (const key of ['berlin', 'elsewhere']) await wharfage.ok('POST', '/v2/subscriptions', { account: key, plan: 'flat' });
  await wharfage.travel('2027-02-01T00:00:00Z'); // one run numbers in both series
  const [newest] = (await wharfage.ok('GET', '/v2/invoices?account=berlin')).data;
  expect(newest.number).toBe('DE-2027-000003');
  await afterStory(wharfage);
});

test('no two sellers, nor two kinds of documents, share numbers; one seller is the default', async () => {
  expect((await seller('fr', { invoicePrefix: 'DE-2025-' })).body).toMatchObject({ status: 409, code: 'number_prefix_taken' });
  expect((await seller('fr', { creditNotePrefix: 'INV-' })).body).toMatchObject({ status: 409, code: 'number_prefix_taken' });
  expect((await seller('fr', { invoicePrefix: 'F-', creditNotePrefix: 'F-' })).body.errors).toMatchObject([
    { pointer: '/creditNotePrefix' },
  ]);
  expect((await seller('fr', { invoicePrefix: 'FR' })).status).toBe(400);
  expect((await seller('fr')).body).toMatchObject({ invoicePrefix: 'FR-', creditNotePrefix: 'FR-CN-' });
  expect((await seller('default', { isDefault: false })).body).toMatchObject({ status: 409, code: 'default_seller_needed' });
  await seller('fr', { isDefault: true });
  const { data } = await wharfage.ok('GET', '/v2/sellers');
  expect(data.filter(({ isDefault }: any) => isDefault).map(({ key }: any) => key)).toEqual(['fr']);
  expect((await charge('elsewhere')).number).toBe('FR-000001');
});
