/*
 * Invoice lines a second of an export as CSV over HTTP; the floor is PostgreSQL's own COPY of the same columns of the same rows in the same order
 * to the same process. Then each other format once. The service runs in a process of its own, whose memory is watched.
 */
import { get } from 'node:http';
import pg from 'pg';
import { INVOICE_LINES } from '../dist/src/invoices/exported-lines.js';
import { median, report, seconds, withServiceProcess } from './service.mjs';
import { CopyOut } from './copy-out.mjs';

const LINES = Number(process.argv[2] ?? 1_000_000);
const LINES_OF_INVOICE = 4;
const INVOICES = Math.ceil(LINES / LINES_OF_INVOICE);
const ACCOUNTS = 10_000;
const ROUNDS = 3;
const MIB_MAX = 300;
/** The young generation as Node has it by itself and `wharfage serve` runs with; `npm start` gives it 64 MiB, for ingestion. */
const NODE_FLAGS = ['--max-semi-space-size=16'];

/** Lines as a bill run makes them, put straight into the tables. */
const FILL = `
  set session_replication_role = replica;
  insert into account (id, key, kind, name, currency, time_zone, provider, created_at, updated_at)
    select md5('a' || i)::uuid, 'account-' || i, 'user', 'Account ' || i, 'USD', 'UTC', 'manual', now(), now() from generate_series(1, ${ACCOUNTS}) i;
  insert into invoice (account_id, id, series, n, number, currency, as_of, issued_at, due_at, period_start, period_end, subtotal_minor, discount_minor,
      tax_minor, total_minor, applied_minor, due_minor, credited_minor, taxes, snapshot, seal)
    select md5('a' || (i % ${ACCOUNTS} + 1))::uuid, 'inv_' || lpad(i::text, 46, '0'), 'default', i, 'INV-' || lpad(i::text, 6, '0'), 'USD', at, at, at, at, at,
      4936, 400, 862, 5398, 0, 5398, 0, '[]', '{"buyer": {"name": "Somebody"}, "seller": {"key": "default"}}', 'none'
    from generate_series(1, ${INVOICES}) i, lateral (select timestamptz '2026-01-01T00:00:00Z' + i * interval '100 milliseconds') t(at);
  insert into invoice_number (series, n, account_id, invoice_id) select series, n, account_id, id from invoice;
  update number_series set next = ${INVOICES + 1} where key = 'default';
  insert into invoice_line (account_id, id, invoice_id, n, slot, slot_hash, slot_seq, due_at, kind, subscription, plan, plan_version, price, description,
      quantity, unit_price, amount_minor, service_start, service_end, period_key, period_start, period_end, period_ordinal, proration, breakdown, discounts, taxes)
    select i.account_id, 'line_' || lpad((i.n * 10 + l)::text, 46, '0'), i.id, l, 's', md5(i.n || ':' || l)::uuid, 1, i.issued_at,
      case when l % 2 = 0 then 'metered' else 'recurring' end, 'sub_' || lpad(i.n::text, 46, '0'), 'cloud', 1, 'price-' || l,
      case l when 1 then 'Node hours, "large"' else 'Seats from 1 January to 31 January' end, (l * 1.5)::text, '8.23', 1234,
      i.issued_at, i.issued_at + interval '1 month', '2026-01', i.issued_at, i.issued_at + interval '1 month', 0, false, '[]',
      case when l = 1 then '[{"coupon": "ten", "amountMinor": "100"}]'::jsonb else '[]' end,
      '[{"key": "de-vat", "name": "VAT", "rate": "0.19", "category": "S", "inclusive": false}]'
    from invoice i, generate_series(1, ${LINES_OF_INVOICE}) l where (i.n - 1) * ${LINES_OF_INVOICE} + l <= ${LINES}`;

await withServiceProcess(
  { ROLE: 'api', BILLING_AUTO: 'off' },
  async ({ base, key, url, rssKib, pool }) => {
    console.log(
      `${LINES} lines of ${INVOICES} invoices of ${ACCOUNTS} accounts; ${ROUNDS} rounds, the median counts; node ${NODE_FLAGS.join(' ')}`,
    );
    await pool.query(FILL);
    await pool.query('vacuum analyze account, invoice, invoice_number, invoice_line');

    let [peakKib, watching] = [0, true];
    const watch = (async () => {
      for (; watching; await new Promise((resolve) => setTimeout(resolve, 20))) peakKib = Math.max(peakKib, await rssKib());
    })();
    const exported = (format) =>
      new Promise((resolve, reject) => {
        const path = `/v2/exports/invoice-lines?format=${format}&from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z`;
        get(`${base}${path}`, { headers: { authorization: `Bearer ${key}` } }, (reply) => {
          let [bytes, lines] = [0, 0];
          reply.on('data', (chunk) => {
            bytes += chunk.length;
            lines += format === 'csv' ? lineEnds(chunk) : 0;
          });
          reply
            .on('error', reject)
            .on('end', () =>
              resolve({ status: reply.statusCode, bytes, lines, manifest: JSON.parse(reply.headers['wharfage-export-manifest']) }),
            );
        }).on('error', reject);
      });
    const copied = async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        const columns = INVOICE_LINES.columns.filter(({ hidden }) => !hidden).map(({ name, sql }) => `${sql} as ${name}`);
        const copy = client.query(
          new CopyOut(
            `copy (select ${columns.join(', ')} from ${INVOICE_LINES.from} order by ${INVOICE_LINES.order}) to stdout (format csv, header)`,
          ),
        );
        return await copy.done;
      } finally {
        await client.end();
      }
    };

    const [ours, floors] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      let result;
      floors.push(LINES / (await seconds(async () => (result = await copied()))));
      console.log(`COPY: ${Math.round(floors.at(-1))} rows/s, ${result.bytes} bytes`);
      ours.push(LINES / (await seconds(async () => (result = await exported('csv')))));
      if (result.status !== 200 || result.lines !== LINES + 1 || result.manifest.rows !== LINES)
        throw new Error(`an export of ${result.lines} lines`);
      console.log(
        `CSV: ${Math.round(ours.at(-1))} rows/s, ${result.bytes} bytes; control totals ${JSON.stringify(result.manifest.totals)}`,
      );
    }
    const csvPeakMib = Math.round(peakKib / 1024);
    for (const format of ['jsonl', 'xlsx', 'parquet']) {
      let result;
      const took = await seconds(async () => (result = await exported(format)));
      console.log(`${format}: ${Math.round(LINES / took)} rows/s, ${result.bytes} bytes`);
    }
    watching = false;
    await watch;
    const peakMib = Math.round(peakKib / 1024);
    console.log(`the service's peak of memory: ${csvPeakMib} MiB for CSV, ${peakMib} MiB for all formats; wanted: under ${MIB_MAX}`);
    report({
      bench: 'export',
      unit: 'rows/s',
      value: Math.round(median(ours)),
      floor: Math.round(median(floors)),
      lines: LINES,
      csvPeakMib,
      peakMib,
    });
  },
  NODE_FLAGS,
);

function lineEnds(chunk) {
  let count = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count += 1;
  return count;
}
