import { Injectable, type OnModuleInit } from '@nestjs/common';
import { dunningPolicyNamed } from '../../accounts/accounts.service.js';
import { Audit } from '../../common/audit/audit.service.js';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../common/database/database.js';
import { insertOrLock } from '../../common/database/insert-or-lock.js';
import { newestFirst } from '../../common/database/newest-first.js';
import { Hooks } from '../../common/hooks.js';
import { type Call, checkIfMatch } from '../../common/http/call.js';
import { type Page, page, type PageQuery } from '../../common/http/page.js';
import { type DunningPolicy, policyProblems } from '../../domain/dunning/policy.js';
import { formatInstant } from '../../domain/instant.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { sameContent } from '../../domain/same-content.js';
import { withoutAbsent } from '../../domain/without-absent.js';
import { PlansService } from '../../plans/plans.service.js';
import { DunningPolicyRow, DunningPolicyVersionRow } from './dunning-policy.entity.js';
import type { PutDunningPolicyDto } from './dunning-policies.dto.js';

/** A policy with the rules of its newest version. */
export interface CurrentPolicy {
  readonly row: DunningPolicyRow;
  readonly rules: DunningPolicy;
}

/** The rules by which a case goes. */
export interface PolicyVersion {
  readonly policy: string;
  readonly version: number;
  readonly rules: DunningPolicy;
}

/** Which dunning policies there are, and which of them an account has. */
@Injectable()
export class DunningPolicies implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly hooks: Hooks,
    private readonly plans: PlansService,
  ) {}

  onModuleInit(): void {
    this.hooks.on(dunningPolicyNamed, async (tx, { key }) => {
      if (await tx.getRepository(DunningPolicyRow).existsBy({ key })) return;
      const detail = `There is no dunning policy "${key}": create it with PUT /v2/dunning-policies/${key}.`;
      refuseAll([{ pointer: '/dunningPolicy', code: 'unknown_dunning_policy', detail }]);
    });
  }

  /**
   * Creates a policy, or its next version: cases that have begun go on by the version that they began with. The same content changes nothing.
   * @throws Refusal `invalid_request`, `plan_not_found`, `plan_archived`, `default_policy_needed`, `precondition_failed`
   */
  async put(tx: Tx, call: Call, key: string, { key: _key, name, default: wanted, ...input }: PutDunningPolicyDto): Promise<CurrentPolicy> {
    const rules = rulesOf(input);
    refuseAll(policyProblems(rules));
    if (rules.atEnd.plan !== undefined) await this.plans.version(tx, rules.atEnd.plan, undefined, this.clock.now());
    await tx.query('lock table dunning_policy in share row exclusive mode'); // one at a time: there is one default
    const now = this.clock.now();
    const fresh: DunningPolicyRow = {
      key,
      name: name ?? key,
      isDefault: false,
      newestVersion: 1,
      revision: 1,
      createdAt: now,
      updatedAt: now,
    };
    const { row, created } = await insertOrLock(tx, DunningPolicyRow, fresh, { key });
    checkIfMatch(call, created ? undefined : row.revision);
    if (created) await tx.getRepository(DunningPolicyVersionRow).insert({ policy: key, version: 1, rules, createdAt: now });
    const before = await this.rules(tx, key, row.newestVersion);
    if (row.isDefault && wanted === false)
      throw new Refusal(
        'conflict',
        'default_policy_needed',
        'Accounts need a default policy: send "default": true with another one instead.',
      );
    const after = { name: name ?? key, isDefault: wanted ?? row.isDefault, rules };
    const audited = { actor: call.actor, subjectType: 'dunning_policy', subjectId: key, after };
    const same = sameContent({ name: row.name, isDefault: row.isDefault, rules: before }, after);
    if (created) await this.audit.record(tx, { ...audited, action: 'dunning_policy.created' });
    if (same) return { row, rules };
    const version = sameContent(before, rules) ? row.newestVersion : row.newestVersion + 1;
    if (version > row.newestVersion)
      await tx.getRepository(DunningPolicyVersionRow).insert({ policy: key, version, rules, createdAt: now });
    if (after.isDefault && !row.isDefault) await tx.getRepository(DunningPolicyRow).update({ isDefault: true }, { isDefault: false });
    const changed = {
      name: after.name,
      isDefault: after.isDefault,
      newestVersion: version,
      revision: created ? 1 : row.revision + 1,
      updatedAt: now,
    };
    await tx.getRepository(DunningPolicyRow).update({ key }, changed);
    if (!created)
      await this.audit.record(tx, {
        ...audited,
        action: 'dunning_policy.changed',
        before: { name: row.name, isDefault: row.isDefault, rules: before },
      });
    return { row: Object.assign(row, changed), rules };
  }

  /** @throws Refusal `dunning_policy_not_found` */
  async byKey(tx: Tx, key: string): Promise<CurrentPolicy> {
    const row = await tx.getRepository(DunningPolicyRow).findOneBy({ key });
    if (!row)
      throw new Refusal(
        'not_found',
        'dunning_policy_not_found',
        `There is no dunning policy "${key}": create it with PUT /v2/dunning-policies/${key}.`,
      );
    return { row, rules: await this.rules(tx, key, row.newestVersion) };
  }

  async list(tx: Tx, query: PageQuery): Promise<Page<CurrentPolicy>> {
    const rows = await newestFirst(tx.getRepository(DunningPolicyRow).createQueryBuilder('policy'), query).getMany();
    const found = page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
    const data: CurrentPolicy[] = [];
    for (const row of found.data) data.push({ row, rules: await this.rules(tx, row.key, row.newestVersion) });
    return { ...found, data };
  }

  /** What a case that begins goes by: the newest version of the policy that the account names, or of the default one. */
  async forAccount(tx: Tx, named: string | null): Promise<PolicyVersion> {
    const row = await tx.getRepository(DunningPolicyRow).findOneByOrFail(named === null ? { isDefault: true } : { key: named });
    return { policy: row.key, version: row.newestVersion, rules: await this.rules(tx, row.key, row.newestVersion) };
  }

  /** What a version says: for good. */
  async rules(tx: Tx, policy: string, version: number): Promise<DunningPolicy> {
    return (await tx.getRepository(DunningPolicyVersionRow).findOneByOrFail({ policy, version })).rules;
  }
}

/** Plain data, without what was left out. */
function rulesOf(input: Omit<PutDunningPolicyDto, 'key' | 'name' | 'default'>): DunningPolicy {
  const { soft, hard, newMethodNeeded, authentication, endsWithin, retryLimits, mails, atEnd } = input;
  const rules = { soft, hard, newMethodNeeded, authentication, endsWithin, retryLimits };
  return {
    ...(JSON.parse(JSON.stringify(rules)) as typeof rules),
    mails: mails.map(({ on, template, before }) =>
      withoutAbsent({ on, template, before: before && { unit: before.unit, count: before.count } }),
    ),
    atEnd: withoutAbsent({ ...atEnd }),
  };
}
