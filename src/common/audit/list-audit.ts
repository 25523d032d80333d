import { type FindOptionsWhere, LessThan } from 'typeorm';
import { formatInstant } from '../../domain/instant.js';
import type { Tx } from '../database/database.js';
import { onlyCursor } from '../database/newest-first.js';
import { type Page, page } from '../http/page.js';
import { AuditEntry } from './audit-entry.entity.js';
import type { AuditEntryView, AuditQuery } from './audit.dto.js';

export type AuditWanted = {
  readonly [Name in Exclude<keyof AuditQuery, 'account' | 'limit'>]: AuditQuery[Name] | undefined;
} & { readonly limit: number; readonly accountId: string | undefined };

/** Entries of the audit trail, newest first. */
export async function listAudit(tx: Tx, { limit, cursor, ...wanted }: AuditWanted): Promise<Page<AuditEntryView>> {
  const after = onlyCursor(cursor);
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const where: FindOptionsWhere<AuditEntry> = { ...given, ...(after === undefined ? {} : { id: LessThan(after) }) };
  const rows = await tx.getRepository(AuditEntry).find({ where, order: { id: 'DESC' }, take: limit + 1 });
  const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
  return { data: data.map(({ accountId: _account, at, ...entry }) => ({ ...entry, at: formatInstant(at) })), nextCursor };
}
