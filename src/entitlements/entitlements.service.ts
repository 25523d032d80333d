import { Injectable } from '@nestjs/common';
import type { AccountProfile } from '../accounts/account-profile.js';
import { AccountsService } from '../accounts/accounts.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { Outbox } from '../common/events/outbox.js';
import type { AccountKind } from '../domain/catalog.js';
import { type Entitled, entitledAt, type Entitlements } from '../domain/entitlements.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { sameContent } from '../domain/same-content.js';
import type { SubscriptionHistory } from '../domain/subscription/facts.js';
import { DefaultPlans } from '../plans/default-plans.js';
import { FeaturesService } from '../plans/features.service.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { type EntitlementRow, lockedRows, saveRows, type Used } from './entitlement-rows.js';
import type { EntitlementsView } from './entitlements.dto.js';

/** Where an account stands other than it does. */
export interface Supposition {
  readonly at?: Instant;
  readonly kind?: AccountKind;
  /** Takes the place of the account's subscription of the same id. */
  readonly changed?: SubscriptionHistory;
}

/** Computes what accounts may do, and keeps it in one row for each. */
@Injectable()
export class EntitlementsService {
  constructor(
    private readonly clock: Clock,
    private readonly outbox: Outbox,
    private readonly accounts: AccountsService,
    private readonly defaults: DefaultPlans,
    private readonly features: FeaturesService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /** Computes accounts anew; where the answer changes, its revision rises and an event goes out. */
  async compute(tx: Tx, accountIds: readonly string[]): Promise<void> {
    await this.defaults.hold(tx);
    const rows = await lockedRows(tx, accountIds);
    const profiles = await this.accounts.profiles(tx, accountIds);
    const entitled = await this.entitled(tx, profiles, this.clock.now());
    const features = new Set([...entitled.values()].flatMap((one) => Object.keys(one.features)));
    const metered = await this.features.metered(tx, [...features]);
    const computed = rows.flatMap((row): Computed[] => {
      const [profile, found] = [profiles.get(row.accountId), entitled.get(row.accountId)];
      return profile && found ? [computedRow(row, profile, found, metered)] : [];
    });
    await saveRows(tx, computed);
    await this.outbox.add(
      tx,
      computed
        .filter(({ changed }) => changed)
        .map(({ accountId, answer }) => ({ accountId, type: 'entitlements.changed', data: JSON.parse(answer) as object })),
    );
  }

  /** What an account may do, or might under a supposition. */
  async supposed(tx: Tx, accountId: string, { at = this.clock.now(), kind, changed }: Supposition = {}): Promise<Entitlements> {
    const profiles = await this.accounts.profiles(tx, [accountId]);
    const profile = profiles.get(accountId);
    if (profile && kind !== undefined) profiles.set(accountId, { ...profile, kind });
    return (await this.entitled(tx, profiles, at, changed)).get(accountId)?.features ?? {};
  }

  private async entitled(
    tx: Tx,
    profiles: ReadonlyMap<string, { readonly kind: AccountKind }>,
    at: Instant,
    changed?: SubscriptionHistory,
  ): Promise<Map<string, Entitled>> {
    const histories = await this.subscriptions.histories(tx, [...profiles.keys()]);
    const versions = await this.subscriptions.versionsOf(tx, [...[...histories.values()].flat(), ...(changed ? [changed] : [])]);
    const defaults = await this.defaults.at(tx, at);
    return new Map(
      [...profiles].map(([accountId, { kind }]) => {
        const subscriptions = (histories.get(accountId) ?? []).map((history) => replaced(history, changed));
        const { versions: held, changeAt: defaultsChangeAt } = defaults[kind];
        return [accountId, entitledAt({ subscriptions, versions, defaults: held, defaultsChangeAt }, at)];
      }),
    );
  }
}

type Computed = EntitlementRow & { readonly changed: boolean };

function computedRow(row: EntitlementRow, { key, pastDueSince }: AccountProfile, found: Entitled, metered: ReadonlySet<string>): Computed {
  const pastDue = pastDueSince === null ? null : { since: formatInstant(pastDueSince), policy: 'keep' as const };
  const content = { account: key, features: found.features, plans: [...found.plans], pastDue };
  const changed = !sameContent(contentOf(row.answer), content);
  const revision = changed ? row.revision + 1n : row.revision;
  const view: EntitlementsView = { ...content, revision: Number(revision) };
  const measured = Object.keys(found.features).map((feature) => [feature, metered.has(feature) ? null : (row.used[feature] ?? 0)]);
  const used = { ...row.used, ...(Object.fromEntries(measured) as Used) };
  return { accountId: row.accountId, revision, validUntil: found.validUntil, answer: JSON.stringify(view), used, changed };
}

/** The subscription as it would be: changed itself, or the add-on to one that is. */
function replaced(history: SubscriptionHistory, changed: SubscriptionHistory | undefined): SubscriptionHistory {
  if (changed?.id === history.id) return changed;
  return changed !== undefined && history.parent?.id === changed.id ? { ...history, parent: changed } : history;
}

/** An answer without what says how often it changed. */
function contentOf(answer: string): object {
  if (answer === '') return {};
  const { revision: _revision, ...content } = JSON.parse(answer) as EntitlementsView;
  return content;
}
