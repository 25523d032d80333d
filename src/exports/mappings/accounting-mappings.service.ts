import { Injectable } from '@nestjs/common';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { insertOrLock } from '../../common/database/insert-or-lock.js';
import { newestFirst } from '../../common/database/newest-first.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { type Page, page, type PageQuery } from '../../common/http/page.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal } from '../../domain/refusal.js';
import { sameContent } from '../../domain/same-content.js';
import { AccountingMapping } from './accounting-mapping.entity.js';
import type { PutAccountingMappingDto } from './accounting-mappings.dto.js';
import type { MappingContent } from './mapping-content.js';

@Injectable()
export class AccountingMappingsService {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  /** Creates or replaces a mapping: the same body again changes nothing. Exports that were made stay as they are. */
  async put(tx: Tx, call: Call, key: string, input: PutAccountingMappingDto): Promise<AccountingMapping> {
    const after = { name: input.name, content: contentOf(input) };
    const now = this.clock.now();
    const fresh = { key, ...after, revision: 1, createdAt: now, updatedAt: now };
    const { row, created } = await insertOrLock(tx, AccountingMapping, fresh, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    const audited = { actor: call.actor, subjectType: 'accounting_mapping', subjectId: key, after };
    if (created) {
      await this.audit.record(tx, { ...audited, action: 'accounting_mapping.created' });
      return row;
    }
    const before = { name: row.name, content: row.content };
    if (sameContent(before, after)) return row;
    const changed = { ...after, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(AccountingMapping).update({ key }, changed);
    await this.audit.record(tx, { ...audited, action: 'accounting_mapping.changed', before });
    return Object.assign(row, changed);
  }

  /** @throws Refusal `accounting_mapping_not_found` */
  async byKey(tx: Tx, key: string): Promise<AccountingMapping> {
    const row = await tx.getRepository(AccountingMapping).findOneBy({ key });
    if (!row)
      throw new Refusal(
        'not_found',
        'accounting_mapping_not_found',
        `There is no accounting mapping "${key}": create it with PUT /v2/accounting-mappings/${key}.`,
      );
    return row;
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<AccountingMapping>> {
    const rows = await newestFirst(tx.getRepository(AccountingMapping).createQueryBuilder('accounting_mapping'), query).getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }
}

const contentOf = (input: PutAccountingMappingDto): MappingContent => ({
  products: input.products ?? {},
  plans: input.plans ?? {},
  prices: input.prices ?? {},
  taxes: input.taxes ?? {},
  untaxed: input.untaxed ?? null,
  ledgerAccounts: input.ledgerAccounts ?? {},
  dateFormat: input.dateFormat ?? null,
  timeZone: input.timeZone ?? 'UTC',
});
