import type { BacktestReport, ChangeView, CurrencyView, ReasonView } from '../../invoices/backtest/tally.js';
import { aligned } from '../text-table.js';

/** The report for people. */
export function tables(report: BacktestReport): string {
  const { plan, holders, from, to, accounts, distribution, currencies, notCompared } = report;
  const { compared, more, less, same } = accounts;
  const blocks = [
    `Holders of ${holders} under the draft of ${plan}; billing periods that begin from ${from} to before ${to} and are over.\nAmounts are after discounts, with tax.`,
    `${String(compared)} accounts compared: ${String(more)} would pay more, ${String(less)} less, ${String(same)} the same; ${String(accounts.notCompared)} cannot be re-rated`,
    totals(currencies),
    aligned([['change', 'accounts'], ...distribution.map((one) => [one.change, String(one.accounts)])]),
    ...currencies.flatMap(lists),
    reasons(notCompared),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

const totals = (currencies: readonly CurrencyView[]): string =>
  currencies.length === 0
    ? ''
    : aligned([
        ['currency', 'accounts', 'current', 'draft', 'difference', 'tax', 'tax under the draft'],
        ...currencies.map(({ currency, accounts, current, draft, difference, currentTax, draftTax }) => [
          currency,
          String(accounts.compared),
          current,
          draft,
          difference,
          currentTax,
          draftTax,
        ]),
      ]);

const lists = ({ currency, mostMore, mostLess }: CurrencyView): string[] => [
  list(`would pay more, in ${currency}`, mostMore),
  list(`would pay less, in ${currency}`, mostLess),
];

const list = (title: string, changes: readonly ChangeView[]): string =>
  changes.length === 0
    ? ''
    : aligned([
        [title, 'current', 'draft', 'difference', 'percent'],
        ...changes.map(({ account, current, draft, difference, changePercent }) => [
          account,
          current,
          draft,
          difference,
          changePercent ?? '-',
        ]),
      ]);

const reasons = (found: readonly ReasonView[]): string =>
  found
    .map(({ code, accounts, examples }) =>
      [
        `${code}: ${String(accounts)} accounts`,
        ...examples.map(({ account, detail }) => `  ${account}: ${detail}`),
        ...(accounts > examples.length ? [`  and ${String(accounts - examples.length)} more`] : []),
      ].join('\n'),
    )
    .join('\n');
