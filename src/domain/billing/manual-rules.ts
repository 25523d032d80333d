import { isMoney, minorDecimals } from '../currency.js';
import { exact, isDecimal, ZERO } from '../decimal.js';
import { type FieldProblem } from '../refusal.js';
import type { ManualLine } from './manual.js';

const QUANTITY_DECIMALS = 6;
const UNIT_PRICE_DECIMALS = 12;
const DIGITS = 20;

/** A line as a caller gives it: the quantity may be left out. */
export type GivenLine = Pick<ManualLine, 'unitPrice' | 'amount' | 'servicePeriod'> & { readonly quantity: string | null };

/** What is wrong with a line that somebody adds by hand, in an account's currency; `pointer` names the line. */
export function manualLineProblems(line: GivenLine, currency: string, pointer: string): FieldProblem[] {
  const { quantity, unitPrice, amount, servicePeriod } = line;
  const problem = (wrong: boolean, field: string, code: string, detail: string): FieldProblem[] =>
    wrong ? [{ pointer: `${pointer}${field}`, code, detail }] : [];
  const money = `Must be a decimal string with at most ${String(minorDecimals(currency))} decimals, in ${currency}.`;
  return [
    ...problem((unitPrice === null) === (amount === null), '', 'price_or_amount', 'Must have either a unitPrice or an amount.'),
    ...problem(amount !== null && quantity !== null, '/quantity', 'quantity_of_amount', 'Goes with a unitPrice only.'),
    ...problem(quantity !== null && !isQuantity(quantity), '/quantity', 'invalid_quantity', 'Must be above zero, with at most 6 decimals.'),
    ...problem(
      unitPrice !== null && !isDecimal(unitPrice, { digits: DIGITS, decimals: UNIT_PRICE_DECIMALS }),
      '/unitPrice',
      'invalid_decimal',
      'Must be a decimal string with at most 12 decimals.',
    ),
    ...problem(amount !== null && !isMoney(amount, currency), '/amount', 'invalid_money', money),
    ...problem(
      servicePeriod !== null && servicePeriod.start >= servicePeriod.end,
      '/servicePeriod/end',
      'end_before_start',
      'Must be after the start.',
    ),
  ];
}

const isQuantity = (text: string): boolean => isDecimal(text, { digits: DIGITS, decimals: QUANTITY_DECIMALS }) && exact(text).gt(ZERO);
