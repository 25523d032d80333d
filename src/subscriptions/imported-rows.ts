import type { Tx } from '../common/database/database.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/** Which subscription a reference of another system became, and what was told of it. */
export interface ImportedRow {
  readonly accountId: string;
  readonly reference: string;
  readonly subscriptionId: string;
  readonly contentHash: string;
}

/** By account id and reference with a space between. */
export async function importedRows(
  tx: Tx,
  keys: readonly Pick<ImportedRow, 'accountId' | 'reference'>[],
): Promise<Map<string, ImportedRow>> {
  const rows = await tx.query<ImportedRow[]>(
    `select account_id as "accountId", reference, subscription_id as "subscriptionId", content_hash as "contentHash"
     from imported_subscription where (account_id, reference) in (select * from unnest($1::uuid[], $2::text[]))`,
    [keys.map((key) => key.accountId), keys.map((key) => key.reference)],
  );
  return new Map(rows.map((row) => [`${row.accountId} ${row.reference}`, row]));
}

export async function insertImported(tx: Tx, rows: readonly ImportedRow[], at: Instant): Promise<void> {
  await tx.query(
    `insert into imported_subscription (account_id, reference, subscription_id, content_hash, imported_at)
     select account_id, reference, subscription_id, content_hash, $5 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
       as i(account_id, reference, subscription_id, content_hash)`,
    [
      rows.map((row) => row.accountId),
      rows.map((row) => row.reference),
      rows.map((row) => row.subscriptionId),
      rows.map((row) => row.contentHash),
      formatInstant(at),
    ],
  );
}
