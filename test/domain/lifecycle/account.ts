import { nextDueOf } from '../../../src/domain/billing/bill.js';
import type { Draft } from '../../../src/domain/billing/draft.js';
import type { BilledLine } from '../../../src/domain/billing/line.js';
import type { PlanVersion } from '../../../src/domain/catalog.js';
import { HOUR, type Instant, latest } from '../../../src/domain/instant.js';
import { Refusal } from '../../../src/domain/refusal.js';
import { type Action, decide } from '../../../src/domain/subscription/commands/decide.js';
import { decideStart } from '../../../src/domain/subscription/commands/start.js';
import type { Fact, Quantities, SubscriptionHistory } from '../../../src/domain/subscription/facts.js';
import { holdings, versionKey } from '../../../src/domain/subscription/history.js';
import { statusAt } from '../../../src/domain/subscription/lifecycle.js';
import { type BillingStory, facts, run } from '../../support/billing-story.js';
import type { Life } from './life.js';
import { periodAt } from './timeline.js';
import type { Gap, Scenario } from './scenario.js';

const DUE_MAX = 6;

/** What the domain has decided, before anybody has accepted it. */
export interface Decided {
  readonly histories: readonly SubscriptionHistory[];
  accept(): void;
}

/** An account of the domain, driven as a service would drive it, with the naive book of it beside. */
export class Account {
  readonly lives: Life[] = [];
  readonly lines: BilledLine[] = [];
  readonly versions: ReadonlyMap<string, PlanVersion>;
  histories: readonly SubscriptionHistory[] = [];
  now: Instant;

  constructor(readonly scenario: Scenario) {
    this.versions = new Map(scenario.plans.map((version) => [versionKey(version.plan, version.version), version]));
    this.now = scenario.startsAt - BigInt(scenario.createdHoursBefore) * HOUR;
    this.started(this.planOf(0), scenario.startsAt, {}).accept();
    this.bill();
  }

  planOf(position: number): PlanVersion {
    return this.scenario.plans[position % this.scenario.plans.length]!;
  }

  /** The instant that lies so far after another one. */
  after(at: Instant, gap: Gap): Instant {
    if (gap.kind === 'none') return at;
    if (gap.kind === 'hours') return at + BigInt(gap.hours) * HOUR + BigInt(gap.micros);
    const period = periodAt(this.lives[0]!, latest(at, this.scenario.startsAt));
    return gap.kind === 'boundary' ? period.end : at + ((period.end - period.start) * BigInt(gap.percent)) / 100n;
  }

  /** The instant that lies so far ahead, or where a great many things fall due before it, one of theirs. */
  ahead(gap: Gap): Instant {
    const at = this.after(this.now, gap);
    let due = this.nextDue();
    for (let i = 1; i < DUE_MAX && due !== undefined && due < at; i += 1) due = this.nextDue(due);
    return due !== undefined && due < at ? due : at;
  }

  /** The main subscription, or an add-on to it, as it would start. @throws Refusal */
  started(plan: PlanVersion, start: Instant, quantities: Quantities): Decided {
    const { zone, alignment, trialDays } = this.scenario;
    const [main] = this.histories;
    const own = main ? {} : { alignment, trialDays };
    const started = decideStart(
      { startsAt: start, quantities, ...own },
      {
        plan,
        account: { currency: 'USD', timeZone: zone },
        held: this.histories.flatMap((history) => holdings(history, this.versions)),
        now: this.now,
        ...(main && { parent: { history: main, versions: this.versions } }),
      },
    );
    const id = main ? `add-on ${String(this.histories.length)}` : 'main';
    const added = { id, createdAt: BigInt(this.histories.length), facts: started, ...(main && { parent: main }) };
    const histories = [...this.histories, added];
    return {
      histories,
      accept: () => {
        const trialEnd = started[0].trialEndsAt;
        const parent = this.lives[0] ?? null;
        this.histories = histories;
        this.lives.push({ id, parent, zone, alignment, start, plan, quantities, trialEnd, changes: [], toggles: [], ends: [] });
      },
    };
  }

  /** The facts that an action comes to, not yet in the history. @throws Refusal */
  decided(subject: number, action: Action): Fact[] {
    const history = this.histories[subject]!;
    return decide(action, {
      history,
      versions: this.versions,
      now: this.now,
      mayBackdate: true,
      heldElsewhere: this.histories.filter((other) => other.id !== history.id).flatMap((other) => holdings(other, this.versions)),
      addOns: this.histories.filter((other) => other.parent?.id === history.id && statusAt(other, this.now) !== 'canceled'),
    });
  }

  /** The account's subscriptions with facts added to one of them. */
  with(subject: number, added: readonly Fact[]): SubscriptionHistory[] {
    const history = this.histories[subject]!;
    const grown = { ...history, facts: [...history.facts, ...added] };
    return this.histories.map((other) =>
      other.id === grown.id ? grown : other.parent?.id === grown.id ? { ...other, parent: grown } : other,
    );
  }

  /** What a run would bill. */
  draft(asOf: Instant, histories = this.histories): Draft | undefined {
    return run(this.story(histories), this.lines, asOf);
  }

  /** Bills what is owed now. */
  bill(): Draft | undefined {
    const draft = this.draft(this.now);
    for (const line of draft?.lines ?? []) this.lines.push({ ...line, id: String(this.lines.length), creditNotedMinor: 0n });
    return draft;
  }

  /** When something falls due next after the instant, as far as is known now. */
  nextDue(after = this.now): Instant | undefined {
    return nextDueOf(facts(this.story(this.histories), this.lines), after);
  }

  /** Lets time pass, and bills whatever falls due before the instant; `each` is told what was billed, at every such instant. */
  advanceTo(at: Instant, each: (billed: Draft | undefined) => void = () => undefined): void {
    for (let due = this.nextDue(); due !== undefined && due < at; due = this.nextDue()) {
      this.now = due;
      each(this.bill());
    }
    this.now = at;
  }

  private story(histories: readonly SubscriptionHistory[]): BillingStory {
    return { plans: this.scenario.plans, histories, events: [], zone: this.scenario.zone, until: this.now };
  }
}

/** What it returns, or nothing where it was refused; any other error goes on. */
export function unlessRefused<Result>(act: () => Result): Result | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
