import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { RunResult } from './run-result.js';

export type BillRunStatus = 'queued' | 'running' | 'finished';

/** What is known of a bill run that was asked for. */
export interface BillRunRecord {
  readonly id: string;
  readonly asOf: Instant;
  readonly dryRun: boolean;
  readonly status: BillRunStatus;
  readonly requestedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly accounts: number;
  readonly invoices: number;
  readonly parked: number;
  /** Minor units by currency. */
  readonly totals: Readonly<Record<string, string>>;
}

const COLUMNS = `id, as_of as "asOf", dry_run as "dryRun", status, requested_at as "requestedAt", finished_at as "finishedAt",
  accounts, invoices, parked, totals`;

export async function insertRecord(tx: Tx, record: Pick<BillRunRecord, 'id' | 'asOf' | 'dryRun' | 'requestedAt'>): Promise<void> {
  await tx.query(`insert into bill_run (id, as_of, dry_run, status, requested_at) values ($1, $2, $3, 'queued', $4)`, [
    record.id,
    formatInstant(record.asOf),
    record.dryRun,
    formatInstant(record.requestedAt),
  ]);
}

export async function findRecord(tx: Tx, id: string, { locked = false } = {}): Promise<BillRunRecord | undefined> {
  const [row] = await tx.query<BillRunRecord[]>(`select ${COLUMNS} from bill_run where id = $1 ${locked ? 'for update' : ''}`, [id]);
  return row;
}

export const listRecords = (tx: Tx, after: string | undefined, limit: number): Promise<BillRunRecord[]> =>
  tx.query<BillRunRecord[]>(`select ${COLUMNS} from bill_run where $1::text is null or id < $1 order by id desc limit $2`, [
    after ?? null,
    limit,
  ]);

/** Adds to what the run has done, in the transaction that does it. */
export async function countIn(tx: Tx, id: string, { accounts, invoices, parked, totals }: RunResult): Promise<void> {
  await tx.query(
    `update bill_run set status = 'running', accounts = accounts + $2, invoices = invoices + $3, parked = parked + $4,
       totals = coalesce((select jsonb_object_agg(key, (coalesce((totals ->> key)::numeric, 0) + coalesce(($5::jsonb ->> key)::numeric, 0))::text)
         from (select jsonb_object_keys(totals) union select jsonb_object_keys($5::jsonb)) as k(key)), '{}')
     where id = $1`,
    [
      id,
      accounts,
      invoices,
      parked,
      JSON.stringify(Object.fromEntries([...totals].map(([currency, total]) => [currency, total.toString()]))),
    ],
  );
}

export async function finish(tx: Tx, id: string, at: Instant): Promise<void> {
  await tx.query(`update bill_run set status = 'finished', finished_at = $2 where id = $1`, [id, formatInstant(at)]);
}
