import { Injectable } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { insertOrLock } from '../../common/database/insert-or-lock.js';
import { newestFirst } from '../../common/database/newest-first.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { type Page, page, type PageQuery } from '../../common/http/page.js';
import { isMoney } from '../../domain/currency.js';
import { exact, ZERO } from '../../domain/decimal.js';
import { formatInstant } from '../../domain/instant.js';
import { canonicalText } from '../../domain/metering/filter.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { sameContent } from '../../domain/same-content.js';
import { MetersService } from '../../meters/meters.service.js';
import { PlansService } from '../../plans/plans.service.js';
import { AlertRow } from './alert.entity.js';
import type { PutAlertDto } from './alerts.dto.js';

type AlertContent = Pick<AlertRow, 'name' | 'accountId' | 'plan' | 'meter' | 'measure' | 'thresholds' | 'archived'>;

/** Which alerts there are. */
@Injectable()
export class AlertsService {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly accounts: AccountsService,
    private readonly meters: MetersService,
    private readonly plans: PlansService,
  ) {}

  /**
   * Creates an alert, or changes its name, thresholds or whether it is archived. What has been used already counts: all accounts that it concerns are looked at.
   * @throws Refusal `account_not_found`, `plan_not_found`, `meter_not_found`, `alert_fixed`
   */
  async put(tx: Tx, call: Call, key: string, input: PutAlertDto): Promise<AlertRow> {
    const content = await this.checked(tx, key, input);
    const now = this.clock.now();
    const fresh: AlertRow = { key, ...content, spreadAt: null, revision: 1, createdAt: now, updatedAt: now };
    const { row, created } = await insertOrLock(tx, AlertRow, fresh, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    const audited = { actor: call.actor, subjectType: 'alert', subjectId: key, ...ofAccount(row), after: content };
    if (created) {
      await this.audit.record(tx, { ...audited, action: 'alert.created' });
      return row;
    }
    const before = contentOf(row);
    if (sameContent(before, content)) return row;
    const { name, thresholds, archived } = content;
    if (!sameContent({ ...before, name, thresholds, archived }, content))
      throw new Refusal(
        'conflict',
        'alert_fixed',
        'Only the name and the thresholds of an alert may change, and whether it is archived: create an alert with another key.',
      );
    const changed = { name, thresholds, archived, spreadAt: null, revision: row.revision + 1, updatedAt: now };
    await tx.getRepository(AlertRow).update({ key }, changed);
    await this.audit.record(tx, { ...audited, action: 'alert.changed', before });
    return Object.assign(row, changed);
  }

  /** Deletes an alert and what it remembers of having fired. @throws Refusal `alert_not_found` */
  async delete(tx: Tx, call: Call, key: string): Promise<void> {
    const row = await tx.getRepository(AlertRow).findOne({ where: { key }, lock: { mode: 'pessimistic_write' } });
    const { revision, ...before } = existing(key, row);
    checkIfMatch(call, revision);
    for (const table of ['alert_watch', 'alert_firing']) await tx.query(`delete from ${table} where alert = $1`, [key]);
    await tx.getRepository(AlertRow).delete({ key });
    const entry = { actor: call.actor, action: 'alert.deleted', subjectType: 'alert', subjectId: key };
    await this.audit.record(tx, { ...entry, ...ofAccount(before), before: contentOf(before) });
  }

  /** @throws Refusal `alert_not_found` */
  async byKey(tx: Tx, key: string): Promise<AlertRow> {
    return existing(key, await tx.getRepository(AlertRow).findOneBy({ key }));
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<AlertRow>> {
    const rows = await newestFirst(tx.getRepository(AlertRow).createQueryBuilder('alert'), query).getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /** Keys of the accounts that alerts are about, by id. */
  async accountKeys(tx: Tx, alerts: readonly AlertRow[]): Promise<Map<string, string>> {
    return await this.accounts.keys(
      tx,
      alerts.flatMap(({ accountId }) => accountId ?? []),
    );
  }

  private async checked(tx: Tx, key: string, input: PutAlertDto): Promise<AlertContent> {
    const { account, plan } = input;
    if ((typeof account === 'string') === (typeof plan === 'string'))
      refuseAll([{ pointer: '/account', code: 'not_allowed', detail: 'Name either an account or a plan.' }]);
    const held = typeof account === 'string' ? await this.accounts.byKey(tx, account) : undefined;
    const currency = held?.currency ?? (await this.plans.current(tx, plan ?? '')).content.currency;
    await this.meters.byKey(tx, input.meter);
    refuseAll(thresholdProblems(input, currency));
    return {
      name: input.name ?? key,
      accountId: held?.id ?? null,
      plan: held ? null : (plan ?? null),
      meter: input.meter,
      measure: input.on,
      thresholds: input.thresholds.map(canonicalText).sort((a, b) => exact(a).compare(exact(b))),
      archived: input.archived ?? false,
    };
  }
}

function thresholdProblems({ on, thresholds }: PutAlertDto, currency: string): { pointer: string; code: string; detail: string }[] {
  const known = new Set<string>();
  return thresholds.flatMap((threshold, i) => {
    const [pointer, text] = [`/thresholds/${String(i)}`, canonicalText(threshold)];
    if (known.has(text)) return [{ pointer, code: 'not_unique', detail: 'This threshold is given twice.' }];
    known.add(text);
    if (!exact(text).gt(ZERO)) return [{ pointer, code: 'out_of_bounds', detail: 'A threshold is above zero.' }];
    return on === 'cost' && !isMoney(text, currency)
      ? [{ pointer, code: 'invalid_money', detail: `This is not an amount in ${currency}.` }]
      : [];
  });
}

const contentOf = ({ name, accountId, plan, meter, measure, thresholds, archived }: AlertContent): AlertContent => ({
  name,
  accountId,
  plan,
  meter,
  measure,
  thresholds: [...thresholds],
  archived,
});

const ofAccount = ({ accountId }: Pick<AlertRow, 'accountId'>): { accountId?: string } => (accountId === null ? {} : { accountId });

function existing(key: string, row: AlertRow | null): AlertRow {
  if (!row) throw new Refusal('not_found', 'alert_not_found', `There is no alert "${key}": create it with PUT /v2/alerts/${key}.`);
  return row;
}
