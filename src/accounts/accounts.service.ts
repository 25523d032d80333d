import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { SYSTEM } from '../common/actor.js';
import { Audit } from '../common/audit/audit.service.js';
import { Clock } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { insertOrLock } from '../common/database/insert-or-lock.js';
import { newestFirst } from '../common/database/newest-first.js';
import { defineFact, Hooks } from '../common/hooks.js';
import { type Call, checkIfMatch } from '../common/http/call.js';
import { type Page, page } from '../common/http/page.js';
import { accountIdFor } from '../common/ids.js';
import { CONFIG, type Config, isConfigured } from '../config.js';
import { needsTaxId } from '../domain/billing/line-taxes.js';
import { formatInstant } from '../domain/instant.js';
import { graceProblems } from '../domain/billing/grace.js';
import { Refusal, refuseAll } from '../domain/refusal.js';
import { withoutAbsent } from '../domain/without-absent.js';
import type { AccountProfile, ProviderName } from './account-profile.js';
import { Account } from './account.entity.js';
import type { AccountsQuery, PutAccountDto } from './accounts.dto.js';
import { TaxRatesService } from './tax-rates.service.js';

/** Told before an account's currency changes; whoever holds money or a bargain in the old one refuses. */
export const accountCurrencyChanging = defineFact<{ accountId: string; before: string; currency: string }>('account.currency_changing');

/** Told before an account gets a seller; whoever knows the sellers refuses one that there is not. */
export const accountSellerChanging = defineFact<{ seller: string }>('account.seller_changing');

/** Told when an account was created, converted, or fell or ceased to be past due: its entitlements are computed. */
export const accountChanged = defineFact<{ accountId: string }>('account.changed');

/** Told before a user becomes an organization; whoever knows a reason why that cannot be refuses. */
export const accountConverting = defineFact<{ accountId: string; force: boolean }>('account.converting');

/** Told before an account has another dunning policy than the default one; whoever knows the policies refuses one that there is not. */
export const dunningPolicyNamed = defineFact<{ key: string }>('account.dunning_policy_named');

type AccountContent = Omit<Account, 'id' | 'key' | 'pastDueSince' | 'revision' | 'createdAt' | 'updatedAt'>;

const KNOWN_KEYS_MAX = 200_000;

@Injectable()
export class AccountsService {
  /** Ids of accounts known to exist, by key. Accounts are never deleted, so these never go stale. */
  private readonly known = new Map<string, string>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
    private readonly hooks: Hooks,
    private readonly taxRates: TaxRatesService,
  ) {}

  /** Creates or replaces an account; the same content again changes nothing. */
  async put(tx: Tx, call: Call, key: string, input: PutAccountDto): Promise<Account> {
    return await this.merge(tx, call, key, () => input);
  }

  /** As `put`, with content that follows from what is known of the account, which stays so until the transaction ends. */
  async merge(tx: Tx, call: Call, key: string, inputFor: (known: Account | undefined) => PutAccountDto): Promise<Account> {
    const now = this.clock.now();
    const fresh = {
      id: accountIdFor(key),
      key,
      ...contentOf(inputFor(undefined)),
      pastDueSince: null,
      revision: 1,
      createdAt: now,
      updatedAt: now,
    };
    const { row, created } = await insertOrLock(tx, Account, fresh, { id: fresh.id });
    const content = contentOf(created ? row : inputFor(row));
    checkIfMatch(call, created ? undefined : row.revision);
    this.refuseProvider(content.provider, created ? undefined : row.provider);
    await this.refuseTaxRates(tx, content, created ? [] : row.taxRates);
    refuseAll(graceProblems(content.usageGrace));
    if (content.seller !== null && (created || content.seller !== row.seller))
      await this.hooks.tell(tx, accountSellerChanging, { seller: content.seller });
    await this.refuseUnknownPolicy(tx, content.dunningPolicy, created ? null : row.dunningPolicy);
    if (!created) return await this.change(tx, call, row, content);
    await this.audit.record(tx, { actor: call.actor, action: 'account.created', ...subject(row), after: content });
    await this.hooks.tell(tx, accountChanged, { accountId: row.id });
    return row;
  }

  /**
   * Turns a user into an organization, which keeps subscriptions and history. An organization stays one.
   * @throws Refusal `account_not_found`, and as those do who listen to `accountConverting`
   */
  async convert(tx: Tx, call: Call, key: string, { force = false }: { readonly force?: boolean | undefined } = {}): Promise<Account> {
    const row = await this.locked(tx, key);
    checkIfMatch(call, row.revision);
    if (row.kind === 'organization') return row;
    await this.hooks.tell(tx, accountConverting, { accountId: row.id, force });
    const converted = await this.save(tx, call, row, { ...contentOf(row), kind: 'organization' }, 'account.converted');
    await this.hooks.tell(tx, accountChanged, { accountId: row.id });
    return converted;
  }

  /** Which of the accounts are past due. */
  async pastDue(tx: Tx, accountIds: readonly string[]): Promise<Set<string>> {
    const rows = await tx.query<{ id: string }[]>('select id from account where id = any($1::uuid[]) and past_due_since is not null', [
      accountIds,
    ]);
    return new Set(rows.map((row) => row.id));
  }

  /** Notes that an account is past due from now on, or no longer. */
  async setPastDue(tx: Tx, accountId: string, pastDue: boolean): Promise<void> {
    const [changed] = await tx.query<[{ key: string }[], number]>(
      'update account set past_due_since = $2 where id = $1 and (past_due_since is null) = ($2::timestamptz is not null) returning key',
      [accountId, pastDue ? formatInstant(this.clock.now()) : null],
    );
    const [account] = changed;
    if (!account) return;
    const action = pastDue ? 'account.past_due' : 'account.recovered';
    await this.audit.record(tx, { actor: SYSTEM, action, accountId, subjectType: 'account', subjectId: account.key });
    await this.hooks.tell(tx, accountChanged, { accountId });
  }

  /** @throws Refusal `account_not_found` */
  async byKey(tx: Tx, key: string): Promise<Account> {
    return existing(key, await tx.getRepository(Account).findOneBy({ id: accountIdFor(key) }));
  }

  /**
   * The account, locked until the transaction ends: what is decided over all of an account's subscriptions is decided one at a time.
   * @throws Refusal `account_not_found`
   */
  async locked(tx: Tx, key: string): Promise<Account> {
    await this.lock(tx, accountIdFor(key));
    return await this.byKey(tx, key);
  }

  /** As `locked`, for an account that is known to exist. */
  async lock(tx: Tx, accountId: string): Promise<void> {
    await tx.query('select 1 from account where id = $1 for no key update', [accountId]);
  }

  /** As `lock`, for many: in the order of their ids, so that two who lock many never wait for each other in a circle. */
  async lockAll(tx: Tx, accountIds: readonly string[]): Promise<void> {
    await tx.query('select 1 from account where id = any($1::uuid[]) order by id for no key update', [accountIds]);
  }

  async list(tx: Tx, query: AccountsQuery): Promise<Page<Account>> {
    const rows = await newestFirst(tx.getRepository(Account).createQueryBuilder('account'), query)
      .andWhere(query.kind === undefined ? 'true' : 'account.kind = :kind', { kind: query.kind })
      .andWhere(query.currency === undefined ? 'true' : 'account.currency = :currency', { currency: query.currency })
      .getMany();
    return page(rows, query.limit, (row) => [formatInstant(row.createdAt), row.key]);
  }

  /** Keys by id, of accounts that exist. */
  async keys(tx: Tx, accountIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await tx.getRepository(Account).find({ select: { id: true, key: true }, where: { id: In([...new Set(accountIds)]) } });
    return new Map(rows.map((row) => [row.id, row.key]));
  }

  /** Ids by key, of accounts that exist; what does not exist is left out. One query at most. */
  async idsByKeys(keys: readonly string[]): Promise<Map<string, string>> {
    const unknown = [...new Set(keys)].filter((key) => !this.known.has(key));
    if (unknown.length > 0) {
      const rows = await this.database.query<{ id: string; key: string }>({
        name: 'accounts-that-exist',
        text: 'select id, key from account where id = any($1::uuid[])',
        values: [unknown.map(accountIdFor)],
      });
      if (this.known.size + rows.length > KNOWN_KEYS_MAX) this.known.clear();
      for (const { id, key } of rows) this.known.set(key, id);
    }
    return new Map(
      keys.flatMap((key) => {
        const id = this.known.get(key);
        return id === undefined ? [] : [[key, id] as const];
      }),
    );
  }

  /** Who is billed, by account id, with tax rates resolved. One query. */
  async profiles(tx: Tx, accountIds: readonly string[]): Promise<Map<string, AccountProfile>> {
    const rows = await tx.query<AccountProfile[]>(PROFILES, [accountIds]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** @throws Refusal `sandbox_in_production`, `provider_not_configured` */
  private refuseProvider(provider: ProviderName, before: ProviderName | undefined): void {
    if (provider !== before && !isConfigured(this.config, provider))
      throw new Refusal(
        'unprocessable',
        'provider_not_configured',
        `This service has no key for ${provider}: set it, or choose another provider.`,
      );
    if (this.config.production && provider === 'sandbox' && before !== 'sandbox')
      throw new Refusal('unprocessable', 'sandbox_in_production', 'The sandbox moves no money: give the account a provider that does.');
  }

  /** @throws Refusal `unknown_tax_rate`, `tax_id_missing` */
  private async refuseTaxRates(tx: Tx, { taxRates, taxIds }: AccountContent, held: readonly string[]): Promise<void> {
    const named = taxRates.map((key, i) => ({ key, pointer: `/taxRates/${String(i)}` }));
    await this.taxRates.refuseUnusable(tx, named, held);
    const added = taxRates.filter((key) => !held.includes(key));
    if (taxIds.length > 0 || !needsTaxId(await this.taxRates.byKeys(tx, added))) return;
    const detail = 'A tax rate of category AE or K takes a tax id of the buyer, which its invoices bear: send taxIds, too.';
    throw new Refusal('unprocessable', 'tax_id_missing', detail, [{ pointer: '/taxIds', code: 'missing', detail }]);
  }

  /** @throws Refusal as those do who listen to `dunningPolicyNamed` */
  private async refuseUnknownPolicy(tx: Tx, key: string | null, before: string | null): Promise<void> {
    if (key !== null && key !== before) await this.hooks.tell(tx, dunningPolicyNamed, { key });
  }

  private async change(tx: Tx, call: Call, row: Account, content: AccountContent): Promise<Account> {
    if (isDeepStrictEqual(contentOf(row), content)) return row;
    if (content.kind !== row.kind)
      throw new Refusal(
        'conflict',
        'account_kind_fixed',
        row.kind === 'user'
          ? `The kind of an account is not written: POST /v2/accounts/${row.key}/convert turns the user into an organization.`
          : 'An organization does not become a user again: use another account.',
      );
    if (content.currency !== row.currency)
      await this.hooks.tell(tx, accountCurrencyChanging, { accountId: row.id, before: row.currency, currency: content.currency });
    return await this.save(tx, call, row, content);
  }

  private async save(tx: Tx, call: Call, row: Account, content: AccountContent, action = 'account.changed'): Promise<Account> {
    const changed = { ...content, revision: row.revision + 1, updatedAt: this.clock.now() };
    await tx.getRepository(Account).update({ id: row.id }, changed);
    const entry = { actor: call.actor, action, ...subject(row), before: contentOf(row), after: content };
    await this.audit.record(tx, entry);
    return Object.assign(row, changed);
  }
}

const PROFILES = `
  select a.id, a.key, a.kind, a.name, a.email, a.currency, a.time_zone as "timeZone", a.address, a.tax_ids as "taxIds", a.provider, a.dunning_policy as "dunningPolicy", a.metadata, a.past_due_since as "pastDueSince",
    a.seller, a.payment_terms_days as "paymentTermsDays", a.usage_grace as "usageGrace",
    coalesce((
      select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('key', r.key, 'name', r.name, 'rate', r.rate::text, 'category', r.category,
          'inclusive', r.inclusive, 'exemptionReason', r.exemption_reason)) order by held.place)
      from unnest(a.tax_rates) with ordinality held (key, place) join tax_rate r on r.key = held.key), '[]') as "taxRates"
  from account a where a.id = any($1::uuid[])`;

/** All that a PUT may say, with what it leaves out filled in; plain data, so that two contents can be compared. */
function contentOf(input: PutAccountDto | Account): AccountContent {
  return {
    kind: input.kind,
    name: input.name,
    email: input.email ?? null,
    currency: input.currency,
    timeZone: input.timeZone ?? 'UTC',
    address: input.address ? withoutAbsent({ ...input.address }) : null,
    taxIds: (input.taxIds ?? []).map((taxId) => ({ ...taxId })),
    taxRates: input.taxRates ?? [],
    provider: input.provider ?? 'manual',
    seller: input.seller ?? null,
    paymentTermsDays: input.paymentTermsDays ?? null,
    usageGrace: input.usageGrace ? { unit: input.usageGrace.unit, count: input.usageGrace.count } : null,
    dunningPolicy: input.dunningPolicy ?? null,
    metadata: { ...input.metadata },
  };
}

const subject = (row: Account): { accountId: string; subjectType: string; subjectId: string } => ({
  accountId: row.id,
  subjectType: 'account',
  subjectId: row.key,
});

function existing(key: string, row: Account | null): Account {
  if (!row) throw new Refusal('not_found', 'account_not_found', `There is no account "${key}": create it with PUT /v2/accounts/${key}.`);
  return row;
}
