import { CHANGE_CLASSES, changeClass, type Compared, differenceOf, percentChange, withGreatest } from '../../domain/backtest.js';
import { formatMoney } from '../../domain/currency.js';
import { shown } from '../../domain/decimal.js';
import { formatInstant, type Instant, type Stretch } from '../../domain/instant.js';
import type { ComparedAccount, NotCompared, ReRated } from './re-rate-accounts.js';

/** How many accounts are named for each reason why some cannot be re-rated. */
const EXAMPLES_MAX = 5;
const PERCENT_DECIMALS = 2;

/** One account; amounts as decimal strings, after discounts, with tax. */
export interface ChangeView {
  readonly account: string;
  readonly current: string;
  readonly draft: string;
  readonly difference: string;
  /** Null where nothing becomes something. */
  readonly changePercent: string | null;
}

interface Counts {
  readonly compared: number;
  readonly more: number;
  readonly less: number;
  readonly same: number;
}

export interface CurrencyView {
  readonly currency: string;
  readonly accounts: Counts;
  readonly current: string;
  readonly draft: string;
  readonly difference: string;
  /** The tax in them. */
  readonly currentTax: string;
  readonly draftTax: string;
  readonly mostMore: readonly ChangeView[];
  readonly mostLess: readonly ChangeView[];
}

export interface ReasonView {
  readonly code: string;
  readonly accounts: number;
  readonly examples: readonly { readonly account: string; readonly detail: string }[];
}

/** What `wharfage backtest --json` prints. */
export interface BacktestReport {
  readonly plan: string;
  readonly holders: string;
  readonly from: string;
  readonly to: string;
  readonly asOf: string;
  readonly accounts: Counts & { readonly notCompared: number };
  readonly distribution: readonly { readonly change: string; readonly accounts: number }[];
  readonly currencies: readonly CurrencyView[];
  readonly notCompared: readonly ReasonView[];
}

interface Sums {
  more: number;
  less: number;
  same: number;
  currentMinor: bigint;
  draftMinor: bigint;
  currentTaxMinor: bigint;
  draftTaxMinor: bigint;
  mostMore: readonly Compared[];
  mostLess: readonly Compared[];
}

interface Reason {
  accounts: number;
  readonly examples: { readonly account: string; readonly detail: string }[];
}

/** Adds accounts up. What it keeps does not grow with their number. */
export class Tally {
  private readonly sums = new Map<string, Sums>();
  private readonly classes = new Map<string, number>();
  private readonly reasons = new Map<string, Reason>();

  constructor(private readonly top: number) {}

  add(one: ReRated): void {
    if ('code' in one) this.addReason(one);
    else this.addCompared(one);
  }

  report(of: { readonly plan: string; readonly holders: string; readonly range: Stretch; readonly asOf: Instant }): BacktestReport {
    const currencies = [...this.sums].sort(([a], [b]) => (a < b ? -1 : 1));
    const counts = currencies.map(([, sums]) => countsOf(sums));
    const total = (name: keyof Counts): number => counts.reduce((sum, one) => sum + one[name], 0);
    const reasons = [...this.reasons].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      plan: of.plan,
      holders: of.holders,
      from: formatInstant(of.range.start),
      to: formatInstant(of.range.end),
      asOf: formatInstant(of.asOf),
      accounts: {
        compared: total('compared'),
        more: total('more'),
        less: total('less'),
        same: total('same'),
        notCompared: reasons.reduce((sum, [, { accounts }]) => sum + accounts, 0),
      },
      distribution: CHANGE_CLASSES.map((change) => ({ change, accounts: this.classes.get(change) ?? 0 })),
      currencies: currencies.map(([currency, sums]) => currencyView(currency, sums)),
      notCompared: reasons.map(([code, { accounts, examples }]) => ({ code, accounts, examples })),
    };
  }

  private addReason({ account, code, detail }: NotCompared): void {
    const reason = this.reasons.get(code) ?? { accounts: 0, examples: [] };
    reason.accounts += 1;
    if (reason.examples.length < EXAMPLES_MAX) reason.examples.push({ account, detail });
    this.reasons.set(code, reason);
  }

  private addCompared(one: ComparedAccount): void {
    const sums = this.sums.get(one.currency) ?? nothing();
    this.sums.set(one.currency, sums);
    const name = changeClass(one);
    this.classes.set(name, (this.classes.get(name) ?? 0) + 1);
    sums.currentMinor += one.currentMinor;
    sums.draftMinor += one.draftMinor;
    sums.currentTaxMinor += one.currentTaxMinor;
    sums.draftTaxMinor += one.draftTaxMinor;
    const difference = differenceOf(one);
    if (difference === 0n) sums.same += 1;
    else if (difference > 0n) {
      sums.more += 1;
      sums.mostMore = withGreatest(sums.mostMore, one, this.top);
    } else {
      sums.less += 1;
      sums.mostLess = withGreatest(sums.mostLess, one, this.top);
    }
  }
}

const nothing = (): Sums => ({
  more: 0,
  less: 0,
  same: 0,
  currentMinor: 0n,
  draftMinor: 0n,
  currentTaxMinor: 0n,
  draftTaxMinor: 0n,
  mostMore: [],
  mostLess: [],
});

const countsOf = ({ more, less, same }: Sums): Counts => ({ compared: more + less + same, more, less, same });

function currencyView(currency: string, sums: Sums): CurrencyView {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, currency);
  return {
    currency,
    accounts: countsOf(sums),
    current: money(sums.currentMinor),
    draft: money(sums.draftMinor),
    difference: money(differenceOf(sums)),
    currentTax: money(sums.currentTaxMinor),
    draftTax: money(sums.draftTaxMinor),
    mostMore: sums.mostMore.map(changeView),
    mostLess: sums.mostLess.map(changeView),
  };
}

/** One account as people and spreadsheets read it. */
export function changeView(one: Compared): ChangeView {
  const change = percentChange(one);
  return {
    account: one.account,
    current: formatMoney(one.currentMinor, one.currency),
    draft: formatMoney(one.draftMinor, one.currency),
    difference: formatMoney(differenceOf(one), one.currency),
    changePercent: change === null ? null : shown(change, PERCENT_DECIMALS),
  };
}
