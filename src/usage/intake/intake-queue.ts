import { Overloaded } from '../../common/http/overloaded.js';

interface Waiting<Item, Outcome> {
  readonly items: readonly Item[];
  readonly resolve: (outcomes: readonly Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Transactions at once: more of them only wait for each other. */
const AT_ONCE_MAX = 4;
/** Of those, for requests of few items: what comes meanwhile goes together. */
const SMALL_AT_ONCE_MAX = 2;
const SMALL_ITEMS_MAX = 50;
const TOGETHER_ITEMS_MAX = 1_000;
const WAITING_ITEMS_MAX = 60_000;

/**
 * Bounds what is stored at once and what waits. Small requests that wait are stored together, so that many single events cost one
 * commit; should that fail, each is tried by itself, and none suffers from another.
 */
export class IntakeQueue<Item, Outcome> {
  private readonly small: Waiting<Item, Outcome>[] = [];
  private readonly large: Waiting<Item, Outcome>[] = [];
  private waitingItems = 0;
  private running = 0;
  private runningSmall = 0;

  constructor(private readonly work: (items: readonly Item[]) => Promise<Outcome[]>) {}

  /** @throws Overloaded */
  add(items: readonly Item[]): Promise<readonly Outcome[]> {
    if (this.waitingItems > 0 && this.waitingItems + items.length > WAITING_ITEMS_MAX) throw new Overloaded();
    return new Promise((resolve, reject) => {
      this.waitingItems += items.length;
      (items.length <= SMALL_ITEMS_MAX ? this.small : this.large).push({ items, resolve, reject });
      this.start();
    });
  }

  private start(): void {
    while (this.running < AT_ONCE_MAX) {
      if (this.small.length > 0 && this.runningSmall < SMALL_AT_ONCE_MAX) void this.run(this.takeSmall(), true);
      else {
        const next = this.large.shift();
        if (!next) return;
        void this.run([next], false);
      }
    }
  }

  private takeSmall(): Waiting<Item, Outcome>[] {
    let [taken, items] = [0, 0];
    while (taken < this.small.length && items < TOGETHER_ITEMS_MAX) items += this.small[taken++]?.items.length ?? 0;
    return this.small.splice(0, taken);
  }

  private async run(requests: readonly Waiting<Item, Outcome>[], isSmall: boolean): Promise<void> {
    this.running += 1;
    if (isSmall) this.runningSmall += 1;
    for (const { items } of requests) this.waitingItems -= items.length;
    await this.settle(requests);
    this.running -= 1;
    if (isSmall) this.runningSmall -= 1;
    this.start();
  }

  private async settle(requests: readonly Waiting<Item, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.work(requests.flatMap(({ items }) => items));
      let next = 0;
      for (const { items, resolve } of requests) resolve(outcomes.slice(next, (next += items.length)));
    } catch (error) {
      const [alone, ...others] = requests;
      if (others.length === 0) alone?.reject(error);
      else for (const request of requests) await this.settle([request]);
    }
  }
}
