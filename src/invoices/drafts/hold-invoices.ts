import { Inject, Injectable } from '@nestjs/common';
import type { AccountProfile } from '../../accounts/account-profile.js';
import { SYSTEM } from '../../common/actor.js';
import { Audit } from '../../common/audit/audit.service.js';
import type { Tx } from '../../common/database/database.js';
import { CONFIG, type Config } from '../../config.js';
import { nextDueOf, prepare } from '../../domain/billing/bill.js';
import type { Draft } from '../../domain/billing/draft.js';
import { chargesBefore, graceMicros, type Held, heldAt } from '../../domain/billing/grace.js';
import { earliest, formatInstant, type Instant } from '../../domain/instant.js';
import { type Concluded, ComputeBills, type Prepared } from '../compute-bills.js';
import { plainDocument } from '../invoice-records.js';
import { SellersService } from '../sellers/sellers.service.js';
import { deleteDrafts, documentOf, type DraftRow, draftsOfSubscriptions, saveDrafts } from './draft-records.js';

/** A bill that comes to something. */
export interface Bill extends Prepared {
  readonly draft: Draft;
}

interface HeldBill extends Bill {
  readonly held: Held;
}

/** Which drafts of accounts a run goes on with. */
export interface DraftsAtHand {
  /** By account. */
  readonly open: ReadonlyMap<string, DraftRow>;
  /** Accounts whose draft has more than what was due by then: it is left as it is. */
  readonly ahead: ReadonlySet<string>;
}

export interface Divided {
  readonly due: readonly Bill[];
  readonly held: readonly HeldBill[];
  /** When to look again at accounts of which something waits. */
  readonly dueAgain: ReadonlyMap<string, Instant>;
}

/** Lets bills with metered lines wait for usage that comes late, as drafts. */
@Injectable()
export class HoldInvoices {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly audit: Audit,
    private readonly compute: ComputeBills,
    private readonly sellers: SellersService,
  ) {}

  async drafts(tx: Tx, accountIds: readonly string[], asOf: Instant): Promise<DraftsAtHand> {
    const rows = await draftsOfSubscriptions(tx, accountIds);
    return {
      open: new Map(rows.filter((row) => row.asOf <= asOf).map((row) => [row.accountId, row])),
      ahead: new Set(rows.filter((row) => row.asOf > asOf).map((row) => row.accountId)),
    };
  }

  /**
   * What is finalized, and what waits. Where charges fell due before the first usage that waits, they are billed as of just before it; what is
   * left waits from the next look on, which is at once.
   */
  async divide(
    tx: Tx,
    concluded: readonly Concluded[],
    {
      drafts,
      billedAt,
      ignoresGrace,
    }: { readonly drafts: DraftsAtHand['open']; readonly billedAt: Instant; readonly ignoresGrace: boolean },
  ): Promise<Divided> {
    const bills = concluded.flatMap((one): (Bill & { held: Held | undefined })[] => {
      if (!one.draft) return [];
      const held = ignoresGrace ? undefined : heldAt(one.draft.lines, this.graceOf(one.profile), billedAt);
      return [{ ...one, draft: one.draft, held }];
    });
    const waiting = bills.flatMap(({ held, ...bill }) => (held ? [{ ...bill, held }] : []));
    const apart = waiting.filter(({ draft, held }) => chargesBefore(draft.lines, held.from));
    const before = apart.map((one) => ({ ...one, prepared: prepare(one.prepared.facts, one.held.from - 1n) }));
    const earlier = (await this.compute.conclude(tx, before, { billedAt, drafts })).flatMap((one, i): Bill[] => {
      const from = apart[i]?.held.from;
      return one.draft && from !== undefined && chargesBefore(one.draft.lines, from) ? [{ ...one, draft: one.draft }] : [];
    });
    const billed = new Set(earlier.map(({ profile }) => profile.id));
    const held = waiting.filter(({ profile }) => !billed.has(profile.id));
    return {
      due: [...bills.filter((bill) => !bill.held), ...earlier],
      held,
      dueAgain: new Map([
        ...held.map((one): [string, Instant] => [one.profile.id, nextLook(one)]),
        ...waiting.filter(({ profile }) => billed.has(profile.id)).map((one): [string, Instant] => [one.profile.id, one.prepared.asOf]),
      ]),
    };
  }

  /** Stores what waits, in the place of what drafts said before; one of which nothing is left is gone. */
  async keep(
    tx: Tx,
    {
      concluded,
      held,
      drafts,
      billedAt,
    }: {
      readonly concluded: readonly Concluded[];
      readonly held: readonly HeldBill[];
      readonly drafts: DraftsAtHand;
      readonly billedAt: Instant;
    },
  ): Promise<void> {
    const gone = concluded.flatMap(({ profile, draft }) => (draft ? [] : (drafts.open.get(profile.id) ?? [])));
    await deleteDrafts(
      tx,
      gone.map((row) => ({ profile: { id: row.accountId }, document: row })),
    );
    const kept = held.filter(({ profile }) => !drafts.ahead.has(profile.id));
    if (kept.length === 0) return;
    const sellerOf = await this.sellers.of(
      tx,
      kept.map(({ profile }) => profile),
    );
    const made = kept.map((one) => {
      const before = drafts.open.get(one.profile.id);
      return {
        profile: one.profile,
        seller: sellerOf(one.profile),
        document: before ? documentOf(before) : plainDocument(one.profile.id, billedAt),
        draft: one.draft,
        versions: one.facts.versions,
        asOf: one.prepared.asOf,
        manualLines: before?.manualLines ?? [],
        heldUntil: one.held.until,
        createdAt: before?.createdAt ?? billedAt,
        isNew: before === undefined,
      };
    });
    await saveDrafts(tx, made);
    await this.audit.recordMany(
      tx,
      made.flatMap(({ profile, document, heldUntil, isNew }) =>
        isNew
          ? [
              {
                actor: SYSTEM,
                action: 'invoice.drafted',
                accountId: profile.id,
                subjectType: 'invoice',
                subjectId: document.id,
                after: { finalizesAt: formatInstant(heldUntil) },
              },
            ]
          : [],
      ),
    );
  }

  /** In microseconds. */
  private graceOf({ usageGrace }: AccountProfile): bigint {
    return graceMicros(usageGrace ?? { unit: 'minute', count: this.config.usageGraceMinutes });
  }
}

function nextLook({ facts, prepared, held }: HeldBill): Instant {
  const nextDue = nextDueOf(facts, prepared.asOf);
  return nextDue === undefined ? held.until : earliest(held.until, nextDue);
}
