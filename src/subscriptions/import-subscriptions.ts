import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AccountProfile } from '../accounts/account-profile.js';
import { AccountsService } from '../accounts/accounts.service.js';
import type { Actor } from '../common/actor.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../common/database/database.js';
import { Hooks } from '../common/hooks.js';
import { accountIdFor, newId } from '../common/ids.js';
import type { PlanVersion } from '../domain/catalog.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { periodContaining } from '../domain/period.js';
import { Refusal } from '../domain/refusal.js';
import { decideStart } from '../domain/subscription/commands/start.js';
import type { Quantities } from '../domain/subscription/facts.js';
import { type Holding, holdings, versionKey } from '../domain/subscription/history.js';
import { PlansService } from '../plans/plans.service.js';
import { type AccountHistory, readHistories } from './histories.js';
import { insertImported, type ImportedRow, importedRows } from './imported-rows.js';
import { SubscriptionRecords, subscriptionsImported } from './subscription-records.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** A subscription as it stands in another system. */
export interface ImportLine {
  /** Names it there; told again, it is the same one. */
  readonly reference: string;
  /** Keys. */
  readonly account: string;
  readonly plan: string;
  /** The one in force now if left out. */
  readonly planVersion?: number;
  readonly anchorAt: Instant;
  /** Nothing recurring is charged before. */
  readonly paidThrough: Instant;
  readonly quantities?: Quantities;
  readonly endsAt?: Instant;
}

export type ImportOutcome = 'created' | 'unchanged' | Refusal;

interface Ready {
  readonly line: ImportLine;
  readonly history: AccountHistory;
}

/** Moves running subscriptions in from another system: as many as are given, in a handful of statements. */
@Injectable()
export class ImportSubscriptions {
  constructor(
    private readonly clock: Clock,
    private readonly hooks: Hooks,
    private readonly accounts: AccountsService,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
    private readonly records: SubscriptionRecords,
  ) {}

  /** What became of each line, in the order given. Those that are refused leave nothing behind; the others are not charged before `paidThrough`. */
  async run(tx: Tx, actor: Actor, lines: readonly ImportLine[]): Promise<ImportOutcome[]> {
    const accountIds = [...new Set(lines.map(({ account }) => accountIdFor(account)))].sort();
    await this.accounts.lockAll(tx, accountIds);
    const profiles = await this.accounts.profiles(tx, accountIds);
    const imported = await importedRows(tx, lines.map(keyOf));
    const held = await this.held(tx, accountIds);
    const versions = new Map<string, PlanVersion | Refusal>();
    for (const line of lines) await this.loadVersion(tx, line, versions);
    const ready = new Map<string, Ready>();
    const outcomes = lines.map((line): ImportOutcome => {
      try {
        const known = imported.get(nameOf(line)) ?? rowOf(ready.get(nameOf(line)));
        if (known) return told(known, line);
        const history = this.decided(line, {
          profile: profiles.get(accountIdFor(line.account)),
          version: versions.get(saleOf(line)),
          held,
        });
        ready.set(nameOf(line), { line, history });
        return 'created';
      } catch (error) {
        if (error instanceof Refusal) return error;
        throw error;
      }
    });
    await this.store(tx, actor, [...ready.values()]);
    return outcomes;
  }

  private async store(tx: Tx, actor: Actor, ready: readonly Ready[]): Promise<void> {
    if (ready.length === 0) return;
    await this.records.createMany(
      tx,
      { actor },
      ready.map(({ history }) => history),
    );
    await insertImported(tx, ready.map(toRow), this.clock.now());
    await this.hooks.tell(tx, subscriptionsImported, { accountIds: [...new Set(ready.map(({ history }) => history.accountId))] });
  }

  private decided(
    line: ImportLine,
    {
      profile,
      version,
      held,
    }: {
      readonly profile: AccountProfile | undefined;
      readonly version: PlanVersion | Refusal | undefined;
      readonly held: Map<string, Holding[]>;
    },
  ): AccountHistory {
    if (!profile) throw new Refusal('not_found', 'account_not_found', `There is no account "${line.account}": import accounts first.`);
    if (!version || version instanceof Refusal) throw version ?? new RangeError('a version was not looked for');
    const { anchorAt, paidThrough, quantities, endsAt } = line;
    const now = this.clock.now();
    const schedule = { anchorAt, timeZone: profile.timeZone, interval: version.interval };
    const startsAt = paidThrough > now ? periodContaining(schedule, now).start : paidThrough;
    const own = held.get(profile.id) ?? [];
    const command = {
      startsAt,
      anchorAt,
      paidThroughAt: paidThrough,
      trialDays: 0,
      ...(quantities && { quantities }),
      ...(endsAt !== undefined && { endsAt }),
    };
    const facts = decideStart(command, { plan: version, account: profile, held: own, now });
    const history: AccountHistory = { accountId: profile.id, id: newId('sub', now, profile.id), createdAt: now, facts };
    held.set(profile.id, [...own, ...holdings(history, new Map([[versionKey(version.plan, version.version), version]]))]);
    return history;
  }

  private async held(tx: Tx, accountIds: readonly string[]): Promise<Map<string, Holding[]>> {
    const histories = await readHistories(tx, { accountIds });
    const versions = await this.subscriptions.versionsOf(tx, histories);
    const held = new Map<string, Holding[]>();
    for (const history of histories) held.set(history.accountId, [...(held.get(history.accountId) ?? []), ...holdings(history, versions)]);
    return held;
  }

  /** The version that a line names, or why it cannot be sold; looked up once. */
  private async loadVersion(tx: Tx, line: ImportLine, versions: Map<string, PlanVersion | Refusal>): Promise<void> {
    if (versions.has(saleOf(line))) return;
    try {
      versions.set(saleOf(line), await this.plans.version(tx, line.plan, line.planVersion, this.clock.now()));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      versions.set(saleOf(line), error);
    }
  }
}

const keyOf = ({ account, reference }: ImportLine): { accountId: string; reference: string } => ({
  accountId: accountIdFor(account),
  reference,
});
const nameOf = (line: ImportLine): string => `${accountIdFor(line.account)} ${line.reference}`;
const saleOf = ({ plan, planVersion }: ImportLine): string => `${plan}@${String(planVersion ?? 'now')}`;

const toRow = ({ line, history }: Ready): ImportedRow => ({ ...keyOf(line), subscriptionId: history.id, contentHash: hashOf(line) });
const rowOf = (ready: Ready | undefined): ImportedRow | undefined => ready && toRow(ready);

function told(known: ImportedRow, line: ImportLine): 'unchanged' {
  if (known.contentHash === hashOf(line)) return 'unchanged';
  throw new Refusal(
    'conflict',
    'imported_otherwise',
    `"${line.reference}" moved in as ${known.subscriptionId} with other content: change that subscription, or choose another reference.`,
  );
}

function hashOf({ reference, account, plan, planVersion, anchorAt, paidThrough, quantities = {}, endsAt }: ImportLine): string {
  const content = [
    reference,
    account,
    plan,
    planVersion ?? null,
    formatInstant(anchorAt),
    formatInstant(paidThrough),
    Object.entries(quantities).sort(),
  ];
  return createHash('sha256')
    .update(JSON.stringify([...content, endsAt === undefined ? null : formatInstant(endsAt)]))
    .digest('hex');
}
