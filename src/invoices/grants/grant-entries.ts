import type { Tx } from '../../common/database/database.js';
import { newId } from '../../common/ids.js';
import type { GrantApplication } from '../../domain/billing/grants.js';
import { formatInstant, type Instant } from '../../domain/instant.js';

export const ENTRY_KINDS = ['applied', 'released', 'expired', 'voided'] as const;
export type GrantEntryKind = (typeof ENTRY_KINDS)[number];

/** A movement of what is left of a grant, in minor units: below zero what is used or lost, above zero what comes back. */
export interface NewGrantEntry {
  readonly accountId: string;
  readonly grant: string;
  readonly at: Instant;
  readonly kind: GrantEntryKind;
  readonly amountMinor: bigint;
  /** The invoice that it paid for, or no longer does. */
  readonly invoiceId: string | null;
  readonly reason: string | null;
}

export interface GrantEntry extends NewGrantEntry {
  readonly id: string;
}

/** What a grant paid of an invoice. */
export interface InvoiceApplication extends GrantApplication {
  readonly accountId: string;
  readonly invoiceId: string;
}

const INSERT = `
  insert into grant_entry (account_id, id, grant_id, at, kind, amount_minor, invoice_id, reason)
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::bigint[], $7::text[], $8::text[])`;

/** Moves what is left of the grants, too. The database refuses what would go below zero, or pay at or after the expiry. */
export async function insertGrantEntries(tx: Tx, entries: readonly NewGrantEntry[]): Promise<GrantEntry[]> {
  if (entries.length === 0) return [];
  const made = entries.map((entry) => ({ ...entry, id: newId('gre', entry.at, entry.accountId) }));
  await tx.query(INSERT, [
    made.map((one) => one.accountId),
    made.map((one) => one.id),
    made.map((one) => one.grant),
    made.map((one) => formatInstant(one.at)),
    made.map((one) => one.kind),
    made.map((one) => one.amountMinor.toString()),
    made.map((one) => one.invoiceId),
    made.map((one) => one.reason),
  ]);
  return made;
}

/** What grants paid of these invoices when they were issued, in the order in which they were burnt down. Relies on grant_entry_once. */
export const applicationsTo = (
  tx: Tx,
  invoices: readonly { readonly accountId: string; readonly id: string }[],
): Promise<InvoiceApplication[]> =>
  tx.query<InvoiceApplication[]>(
    `select e.account_id as "accountId", e.invoice_id as "invoiceId", e.grant_id as "grant", g.kind, -e.amount_minor as "amountMinor"
     from grant_entry e join credit_grant g on g.account_id = e.account_id and g.id = e.grant_id
     where e.account_id = any($1::uuid[]) and e.invoice_id = any($2::text[]) and e.kind = 'applied' order by e.id`,
    [[...new Set(invoices.map(({ accountId }) => accountId))], invoices.map(({ id }) => id)],
  );

/** When what grants had paid of these invoices was released to them. Relies on grant_entry_once. */
export const releasesOf = (
  tx: Tx,
  invoices: readonly { readonly accountId: string; readonly id: string }[],
): Promise<{ invoiceId: string; at: Instant }[]> =>
  tx.query(
    `select distinct invoice_id as "invoiceId", at from grant_entry
     where account_id = any($1::uuid[]) and invoice_id = any($2::text[]) and kind = 'released' order by at`,
    [[...new Set(invoices.map(({ accountId }) => accountId))], invoices.map(({ id }) => id)],
  );

/** A page of what moved a grant, newest first. */
export const listGrantEntries = (
  tx: Tx,
  {
    accountId,
    grant,
    after,
    limit,
  }: { readonly accountId: string; readonly grant: string; readonly after: string | undefined; readonly limit: number },
): Promise<(GrantEntry & { readonly number: string | null })[]> =>
  tx.query(
    `select e.account_id as "accountId", e.id, e.grant_id as "grant", e.at, e.kind, e.amount_minor as "amountMinor", e.invoice_id as "invoiceId",
       e.reason, i.number
     from grant_entry e left join invoice i on i.account_id = e.account_id and i.id = e.invoice_id
     where e.account_id = $1 and e.grant_id = $2 and ($3::text is null or e.id < $3) order by e.id desc limit $4`,
    [accountId, grant, after ?? null, limit],
  );

/** How each of the grants that have been ended was ended last, by its id. */
export async function endsOf(
  tx: Tx,
  accountId: string,
  grants: readonly { readonly id: string }[],
): Promise<Map<string, 'expired' | 'voided'>> {
  const rows = await tx.query<{ grant: string; kind: 'expired' | 'voided' }[]>(
    `select distinct on (grant_id) grant_id as "grant", kind from grant_entry
     where account_id = $1 and grant_id = any($2::text[]) and kind in ('expired', 'voided') order by grant_id, id desc`,
    [accountId, grants.map(({ id }) => id)],
  );
  return new Map(rows.map(({ grant, kind }) => [grant, kind]));
}
