import type { FieldProblem } from '../../domain/refusal.js';
import { codeOf, type MappingContent } from '../mappings/mapping-content.js';
import type { TextRow } from '../snapshot-reader.js';
import type { SelectedColumn } from '../value-sql.js';
import { INVOICE_LINES } from '../../invoices/exported-lines.js';
import { NOT_VOID } from '../../invoices/invoice-settlements.js';
import { type Layout, mapped, missing } from './layout.js';

/** What a line is booked to: as its price, else its plan, else its product. */
export const TARGET = `coalesce(${mapped('prices', `r.plan || '/' || r.price`)}, ${mapped('plans', 'r.plan')}, ${mapped('products', 'r.product')})`;

/** A layout of invoices that are not void, line by line: each with quantity 1, for amounts that no quantity times unit price comes to (tiers, shares of a period). */
export const invoiceLayout = (name: string, columns: readonly SelectedColumn[]): Layout => ({
  name,
  dataset: INVOICE_LINES.name,
  where: NOT_VOID,
  columns,
  needs: ['product', 'plan', 'price', 'tax_rates', 'tax_kinds'],
  problems: (rows, mapping) => unique([...rows.flatMap((row) => targetProblems(row, mapping)), ...taxProblems(rows, mapping)]),
});

function targetProblems([product, plan, price]: TextRow, { prices, plans, products }: MappingContent): FieldProblem[] {
  const key = `${plan ?? ''}/${price ?? ''}`;
  const found = (price === null ? undefined : codeOf(prices, key)) ?? codeOf(plans, plan ?? '') ?? codeOf(products, product ?? '');
  if (found !== undefined) return [];
  if (plan === null)
    return [
      missing(
        'products',
        product ?? '',
        `Nothing says what lines that were added by hand are booked to: map the product "${product ?? ''}".`,
      ),
    ];
  if (price === null) return [missing('plans', plan ?? '', `Nothing says what minimums of the plan "${plan ?? ''}" are booked to.`)];
  return [
    missing('prices', key, `Nothing says what the price "${key}" is booked to: map it, its plan, or its product "${product ?? ''}".`),
  ];
}

function taxProblems(rows: readonly TextRow[], { taxes, untaxed }: MappingContent): FieldProblem[] {
  const problems = rows.flatMap(([, , , rates]) => {
    if (rates === undefined || rates === null || rates === '')
      return untaxed === null ? [missing('untaxed', '', 'There are lines without tax: give them a code.')] : [];
    return codeOf(taxes, rates) === undefined ? [missing('taxes', rates, `Give the tax rates "${rates}" a code.`)] : [];
  });
  const kinds = new Set(rows.flatMap(([, , , , kind]) => kind?.split(' ') ?? []));
  if (kinds.size < 2) return problems;
  const detail =
    'Some amounts contain their tax and others do not, and the layout takes one kind in a file: export a range that has only one.';
  return [...problems, { pointer: '/taxes', code: 'taxes_mixed', detail }];
}

const unique = (problems: readonly FieldProblem[]): FieldProblem[] => [
  ...new Map(problems.map((problem) => [problem.pointer + problem.code, problem])).values(),
];
