import { Injectable } from '@nestjs/common';
import type { AccountProfile } from '../accounts/account-profile.js';
import { AccountsService } from '../accounts/accounts.service.js';
import { TaxRatesService } from '../accounts/tax-rates.service.js';
import type { Tx } from '../common/database/database.js';
import { type AccountFacts, isSettleable } from '../domain/billing/bill.js';
import { type SettledParts, stillSettled } from '../domain/billing/settled.js';
import { lineTax } from '../domain/billing/line-taxes.js';
import type { LineTax } from '../domain/billing/line.js';
import type { Coupon, PlanVersion } from '../domain/catalog.js';
import type { Instant, Stretch } from '../domain/instant.js';
import type { SubscriptionHistory } from '../domain/subscription/facts.js';
import { grouped } from '../domain/billing/slot.js';
import { couponsRedeemed } from '../domain/subscription/redemptions.js';
import { PlansService } from '../plans/plans.service.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import type { LateUsage } from '../usage/late-marks.js';
import { balancesOf } from './balances.js';
import { type Billed, billedLines, discountsLeftOut, type OpenPart, openLines, periodsLeftOut } from './billed-lines.js';
import { openGrants } from './grants/grant-records.js';
import { settlementsOf } from './settlements.js';

/** One account with all that its bill depends on. */
export interface LoadedAccount {
  readonly profile: AccountProfile;
  readonly facts: AccountFacts;
  /** Up to where it was settled, by what is known now; undefined where everything is billed anew. */
  readonly settledThrough?: Instant | undefined;
}

/** What is to be billed anew. */
export interface Unsettled {
  /** The marks of usage that came late, read before. */
  readonly late: readonly LateUsage[];
  readonly suppose?: Suppose | undefined;
  /** For who bills: what is left of their grants stays as it is until the transaction ends. */
  readonly locksGrants?: boolean | undefined;
}

/** What subscriptions are supposed to be, from what they are. */
export type Suppose = (subscriptions: readonly SubscriptionHistory[]) => readonly SubscriptionHistory[];

/** An account before its lines are read. */
interface Known {
  readonly profile: AccountProfile;
  readonly facts: Omit<AccountFacts, 'billed' | 'settled' | 'slotSeqs'>;
}

/** Reads what bills depend on, for many accounts in a handful of queries. */
@Injectable()
export class LoadFacts {
  constructor(
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
    private readonly taxRates: TaxRatesService,
  ) {}

  /** With all that was ever billed. In the order of the ids; an account that is gone is left out. */
  async run(tx: Tx, accountIds: readonly string[]): Promise<LoadedAccount[]> {
    const known = await this.known(tx, accountIds);
    const billed = await billedLines(tx, accountIds);
    return known.map((one) => withLines(one, billed));
  }

  /** As if nothing had ever been billed to them: no line is read. */
  async neverBilled(tx: Tx, accountIds: readonly string[]): Promise<LoadedAccount[]> {
    return (await this.known(tx, accountIds)).map((one) => withLines(one, new Map()));
  }

  /** With what was billed but for what is settled, which is all that a bill takes. */
  async unsettled(tx: Tx, accountIds: readonly string[], { late, suppose, locksGrants }: Unsettled): Promise<LoadedAccount[]> {
    const known = await this.known(tx, accountIds, { suppose, locksGrants });
    const settlements = await settlementsOf(tx, accountIds);
    const lateFrom = new Map(late.map(({ accountId, earliestEventTime }) => [accountId, earliestEventTime]));
    const settledThrough = new Map(
      known.flatMap(({ profile: { id }, facts }) => {
        const settlement = settlements.get(id);
        return settlement ? [[id, stillSettled(settlement, facts.subscriptions, lateFrom.get(id))]] : [];
      }),
    );
    const parts = known.flatMap((one) => partsOf(one, settledThrough.get(one.profile.id)));
    const whole = accountIds.filter((id) => !settledThrough.has(id));
    const billed = new Map([...(await billedLines(tx, whole)), ...(await openLines(tx, parts))]);
    const settled = await this.leftOut(
      tx,
      parts.flatMap((part) => (part.through === null ? [] : [{ ...part, through: part.through }])),
    );
    return known.map((one) => {
      const loaded = withLines(one, billed);
      return { ...loaded, facts: { ...loaded.facts, settled }, settledThrough: settledThrough.get(one.profile.id) };
    });
  }

  private async leftOut(tx: Tx, parts: readonly (Part & { readonly through: Instant })[]): Promise<SettledParts> {
    const frozen = await periodsLeftOut(tx, parts);
    const given = await discountsLeftOut(
      tx,
      parts.flatMap(({ coupons, ...part }) =>
        coupons.filter(({ amountOff }) => amountOff !== undefined).map(({ key }) => ({ ...part, coupon: key })),
      ),
    );
    return new Map(
      parts.map(({ subscription: id, through }) => [
        id,
        { through, frozen: frozen.get(id) ?? new Map<string, Stretch>(), given: given.get(id) ?? new Map<string, bigint>() },
      ]),
    );
  }

  /** The coupons that were redeemed on the subscriptions, by key. */
  private async couponsOf(tx: Tx, histories: readonly SubscriptionHistory[]): Promise<Map<string, Coupon>> {
    const keys = new Set(histories.flatMap(couponsRedeemed));
    return new Map((await this.plans.coupons(tx, [...keys])).map((coupon) => [coupon.key, coupon]));
  }

  /** The tax rates that the plans and prices of the subscriptions name, by key. */
  private async taxRatesOf(
    tx: Tx,
    histories: readonly SubscriptionHistory[],
    versions: ReadonlyMap<string, PlanVersion>,
  ): Promise<Map<string, LineTax>> {
    const own = histories.flatMap(({ facts }) => facts.flatMap((fact) => ('overrides' in fact ? (fact.overrides?.prices ?? []) : [])));
    const plans = [...versions.values()];
    const keys = [...plans, ...own, ...plans.flatMap(({ prices }) => prices)].flatMap(({ taxRates = [] }) => taxRates);
    return new Map((await this.taxRates.byKeys(tx, keys)).map((rate) => [rate.key, lineTax(rate)]));
  }

  private async known(
    tx: Tx,
    accountIds: readonly string[],
    { suppose = (subscriptions) => subscriptions, locksGrants = false }: Omit<Unsettled, 'late'> = {},
  ): Promise<Known[]> {
    const profiles = await this.accounts.profiles(tx, accountIds);
    const recorded = await this.subscriptions.histories(tx, accountIds);
    const histories = new Map(accountIds.map((id) => [id, suppose(recorded.get(id) ?? [])]));
    const all = [...histories.values()].flat();
    const versions = await this.subscriptions.versionsOf(tx, all);
    const coupons = await this.couponsOf(tx, all);
    const taxRates = await this.taxRatesOf(tx, all, versions);
    const balances = await balancesOf(tx, accountIds);
    const grants = grouped(await openGrants(tx, accountIds, { locked: locksGrants }), ({ accountId }) => accountId);
    return accountIds.flatMap((accountId) => {
      const profile = profiles.get(accountId);
      if (!profile) return [];
      const taxes = profile.taxRates.map(lineTax);
      const subscriptions = histories.get(accountId) ?? [];
      const balanceMinor = balances.get(accountId) ?? 0n;
      return [
        {
          profile,
          facts: {
            currency: profile.currency,
            subscriptions,
            versions,
            coupons,
            taxes,
            taxRates,
            balanceMinor,
            grants: grants.get(accountId) ?? [],
          },
        },
      ];
    });
  }
}

function withLines({ profile, facts }: Known, billed: ReadonlyMap<string, Billed>): LoadedAccount {
  const { lines, slotSeqs } = billed.get(profile.id) ?? { lines: [], slotSeqs: new Map<string, number>() };
  return { profile, facts: { ...facts, billed: lines, slotSeqs } };
}

interface Part extends OpenPart {
  readonly coupons: readonly Coupon[];
}

/** What of each subscription is left out; nothing at all of an account that is billed anew as a whole. */
function partsOf({ profile, facts }: Known, through: Instant | undefined): Part[] {
  if (through === undefined) return [];
  return facts.subscriptions.map((history) => ({
    accountId: profile.id,
    subscription: history.id,
    through: isSettleable(history, facts.versions, through) ? through : null,
    coupons: [...new Set(couponsRedeemed(history))].flatMap((key) => facts.coupons.get(key) ?? []),
  }));
}
