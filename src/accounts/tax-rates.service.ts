import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { insertOrLock } from '../common/database/insert-or-lock.js';
import { newestFirst } from '../common/database/newest-first.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { type Page, page, type PageQuery } from '../common/http/page.js';
import { lineTax } from '../domain/billing/line-taxes.js';
import type { LineTax } from '../domain/billing/line.js';
import { newTaxRateProblems, taxRateProblems } from '../domain/catalog-rules.js';
import { formatInstant } from '../domain/instant.js';
import { Refusal, refuseAll } from '../domain/refusal.js';
import { sameContent } from '../domain/same-content.js';
import { TaxRateRow } from './tax-rate.entity.js';
import type { PutTaxRateDto } from './tax-rates.dto.js';

/** A tax rate that a body names, and where. */
export interface NamedTaxRate {
  readonly key: string;
  readonly pointer: string;
}

type TaxRateContent = Omit<TaxRateRow, 'key' | 'revision' | 'createdAt' | 'updatedAt'>;

@Injectable()
export class TaxRatesService {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  /** Creates a tax rate, or changes its name or whether it is archived; nothing else of it ever changes. */
  async put(tx: Tx, call: Call, key: string, input: PutTaxRateDto): Promise<TaxRateRow> {
    const content = contentOf(input);
    refuseAll(taxRateProblems({ key, ...content }));
    const now = this.clock.now();
    const { row, created } = await insertOrLock(tx, TaxRateRow, { key, ...content, revision: 1, createdAt: now, updatedAt: now }, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    const audited = { actor: call.actor, subjectType: 'tax_rate', subjectId: key, after: content };
    if (created) {
      refuseAll(newTaxRateProblems(content));
      await this.audit.record(tx, { ...audited, action: 'tax_rate.created' });
      return row;
    }
    const before = contentOf(row);
    if (sameContent(before, content)) return row;
    if (!sameContent({ ...before, name: content.name, archived: content.archived }, content))
      throw new Refusal(
        'conflict',
        'tax_rate_immutable',
        'Only name and archived of a tax rate may change: create a tax rate with another key, and give it to the accounts.',
      );
    const changed = { name: content.name, archived: content.archived, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(TaxRateRow).update({ key }, changed);
    await this.audit.record(tx, { ...audited, action: 'tax_rate.changed', before });
    return Object.assign(row, changed);
  }

  /** @throws Refusal `tax_rate_not_found` */
  async byKey(tx: Tx, key: string): Promise<TaxRateRow> {
    const row = await tx.getRepository(TaxRateRow).findOneBy({ key });
    if (!row) throw new Refusal('not_found', 'tax_rate_not_found', `There is no tax rate "${key}".`);
    return row;
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<TaxRateRow>> {
    const rows = await newestFirst(tx.getRepository(TaxRateRow).createQueryBuilder('tax_rate'), query).getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /** The tax rates of these keys that exist, archived ones included. One query at most. */
  async byKeys(tx: Tx, keys: readonly string[]): Promise<TaxRateRow[]> {
    return keys.length === 0 ? [] : await tx.getRepository(TaxRateRow).findBy({ key: In([...new Set(keys)]) });
  }

  /** Those of these tax rates that exist and are not archived, by key. */
  async usable(tx: Tx, keys: readonly string[]): Promise<Map<string, LineTax>> {
    const rows = await this.byKeys(tx, keys);
    return new Map(rows.filter(({ archived }) => !archived).map((row) => [row.key, lineTax(row)]));
  }

  /**
   * Refuses tax rates that do not exist, and archived ones unless they are `held` already.
   * @throws Refusal `unknown_tax_rate`, with a pointer for each
   */
  async refuseUnusable(tx: Tx, named: readonly NamedTaxRate[], held: readonly string[]): Promise<void> {
    const added = named.filter(({ key }) => !held.includes(key));
    const rows = await this.byKeys(
      tx,
      added.map(({ key }) => key),
    );
    const problems = added.flatMap(({ key, pointer }) => {
      const row = rows.find((one) => one.key === key);
      if (row && !row.archived) return [];
      const archived = row !== undefined;
      return [
        {
          pointer,
          code: archived ? 'tax_rate_archived' : 'unknown_tax_rate',
          detail: archived ? `The tax rate "${key}" is archived.` : `There is no tax rate "${key}".`,
        },
      ];
    });
    if (problems.length > 0)
      throw new Refusal('unprocessable', 'unknown_tax_rate', 'Name tax rates that exist and are not archived.', problems);
  }
}

const contentOf = (input: PutTaxRateDto | TaxRateRow): TaxRateContent => ({
  name: input.name,
  rate: input.rate,
  category: input.category ?? 'S',
  inclusive: input.inclusive ?? false,
  exemptionReason: input.exemptionReason ?? null,
  archived: input.archived ?? false,
});
