import { plainArray, textArray } from '../../common/database/arrays.js';
import type { Tx } from '../../common/database/database.js';
import type { Meter } from '../../domain/catalog.js';
import { type Exact, exact, ratio, ZERO } from '../../domain/decimal.js';
import { formatInstant, type Instant } from '../../domain/instant.js';
import { UNIT_MICROS } from '../../domain/metering/meter-event.js';
import type { GroupUsage, UsageAnswer, UsageQuestion } from '../../domain/metering/question.js';
import { Refusal } from '../../domain/refusal.js';
import type { CatalogMeter } from '../../meters/meters.service.js';
import { type EventRange, refuseArchived } from '../archive/archived.js';
import { conditionsOf, groupFilterValue, isDeclared } from './dimensions.js';
import { eventsSql } from './events-sql.js';
import { freeLevelSql, levelSql } from './level-sql.js';
import { isAdditive, rollupSql, subtracts } from './rollup-sql.js';
import { hourOf, type Span, spanOf } from './spans.js';

/** How much an account used. */
export type AccountQuestion = UsageQuestion & { readonly accountId: string };

interface Row {
  readonly idx: number;
  readonly groupValues: readonly string[];
  readonly events: bigint;
  /** Events with a value. */
  readonly values: bigint;
  readonly quantity: string | null;
  readonly billable: string | null;
}

/**
 * Answers questions about one meter, for all accounts at once: one statement, or two where a free level is taken off. Questions that differ
 * in filter or grouping are asked apart. Exact: sums and integrals are PostgreSQL's numeric, quotients are fractions.
 * @throws Refusal `undeclared_dimension`, `usage_archived`
 */
export async function answerMeter(tx: Tx, meter: CatalogMeter, questions: readonly AccountQuestion[]): Promise<UsageAnswer[]> {
  const [first] = questions;
  if (!first) return [];
  const rows = await rowsFor(tx, meter, first, questions);
  const answers = questions.map((): GroupUsage[] => []);
  for (const row of rows) answers[row.idx - 1]?.push(usageOf(row, meter, first));
  return answers.map((groups) => (first.groupBy === undefined && groups.length === 0 ? [nothing(meter)] : groups));
}

function rowsFor(tx: Tx, meter: CatalogMeter, first: AccountQuestion, questions: readonly AccountQuestion[]): Promise<Row[]> {
  const declared = isDeclared(meter, first);
  if (meter.aggregation === 'time_weighted') {
    if (!declared) throw undeclared(meter);
    return levelRows(tx, meter, first, questions);
  }
  return declared && isAdditive(meter) ? rollupRows(tx, meter, first, questions) : eventRows(tx, meter, first, questions);
}

/** Levels are kept by the meter's own properties alone. */
export const undeclared = ({ key, groupBy = [] }: Meter): Refusal =>
  new Refusal(
    'unprocessable',
    'undeclared_dimension',
    `The meter "${key}" tells levels apart by ${groupBy.length === 0 ? 'nothing' : groupBy.join(', ')}: name the property in a meter's groupBy.`,
  );

async function levelRows(tx: Tx, meter: CatalogMeter, first: AccountQuestion, questions: readonly AccountQuestion[]): Promise<Row[]> {
  const spans = questions.map(({ from, to }) => spanOf(from, to, true));
  const edges = spans.flatMap(({ front, back }, i) => [
    // what lies before the first full hour was carried in; what lies behind it was not
    ...(front ? [{ idx: i + 1, ...front, carried: -front.sign, inside: front.sign }] : []),
    ...(back ? [{ idx: i + 1, ...back, carried: 0, inside: back.sign }] : []),
  ]);
  const rows = await tx.query<Row[]>(levelSql(meter, first), [
    ...accountsAndRange(questions),
    instants(spans.map(({ hourFrom }) => hourFrom)),
    instants(spans.map(({ hourTo }) => hourTo)),
    meter.id,
    groupFilterValue(first),
    plainArray(edges.map(({ idx }) => idx)),
    instants(edges.map(({ start }) => start)),
    instants(edges.map(({ end }) => end)),
    plainArray(edges.map(({ carried }) => carried)),
    plainArray(edges.map(({ inside }) => inside)),
  ]);
  if (first.freeConcurrent === undefined) return rows;
  const billable = new Map(
    (
      await tx.query<{ idx: number; billable: string }[]>(freeLevelSql(meter, first), [
        ...accountsAndRange(questions),
        instants(questions.map(({ from }) => hourOf(from))),
        instants(questions.map(({ to }) => hourOf(to - 1n) + 3_600_000_000n)),
        meter.id,
        groupFilterValue(first),
        first.freeConcurrent,
      ])
    ).map((row) => [row.idx, row.billable]),
  );
  return rows.map((row) => ({ ...row, billable: billable.get(row.idx) ?? '0' }));
}

async function rollupRows(tx: Tx, meter: CatalogMeter, first: AccountQuestion, questions: readonly AccountQuestion[]): Promise<Row[]> {
  const spans = questions.map(({ from, to }) => spanOf(from, to, subtracts(meter)));
  const edges = spans.flatMap((span: Span, i) =>
    [span.front, span.back].flatMap((edge) => (edge ? [{ idx: i + 1, accountId: questions[i]?.accountId ?? '', ...edge }] : [])),
  );
  const rows = await tx.query<Row[]>(rollupSql(meter, first), [
    plainArray(questions.map(({ accountId }) => accountId)),
    instants(spans.map(({ hourFrom }) => hourFrom)),
    instants(spans.map(({ hourTo }) => hourTo)),
    meter.id,
    groupFilterValue(first),
    plainArray(edges.map(({ idx }) => idx)),
    plainArray(edges.map(({ accountId }) => accountId)),
    instants(edges.map(({ start }) => start)),
    instants(edges.map(({ end }) => end)),
    plainArray(edges.map(({ sign }) => sign)),
    meter.eventType,
    JSON.stringify(conditionsOf(meter.filter, first.filter)),
    textArray(first.groupBy ?? []),
    meter.value ?? '',
  ]);
  await refuseArchived(tx, meter, edges); // after it: what was read cannot be archived before the transaction ends
  return rows;
}

async function eventRows(tx: Tx, meter: CatalogMeter, first: AccountQuestion, questions: readonly AccountQuestion[]): Promise<Row[]> {
  const rows = await tx.query<Row[]>(eventsSql(meter), [
    ...accountsAndRange(questions),
    meter.eventType,
    JSON.stringify(conditionsOf(meter.filter, first.filter)),
    textArray(first.groupBy ?? []),
    meter.value ?? '',
    String(meter.percentile ?? 100),
  ]);
  await refuseArchived(
    tx,
    meter,
    questions.map(({ accountId, from, to }): EventRange => ({ accountId, start: from, end: to })),
  );
  return rows;
}

const instants = (values: readonly Instant[]): string => plainArray(values.map(formatInstant));

const accountsAndRange = (questions: readonly AccountQuestion[]): string[] => [
  plainArray(questions.map(({ accountId }) => accountId)),
  instants(questions.map(({ from }) => from)),
  instants(questions.map(({ to }) => to)),
];

function usageOf(row: Row, meter: Meter, { groupBy = [] }: AccountQuestion): GroupUsage {
  const group = Object.fromEntries(groupBy.map((property, i) => [property, row.groupValues[i] ?? '']));
  const quantity = row.quantity === null ? null : inUnit(row.quantity, row, meter);
  const billable = row.billable === null ? quantity : inUnit(row.billable, row, meter);
  return { group, quantity, billable, events: row.events };
}

/** Integrals come in units of level times microseconds, averages as the sum of what is averaged. */
function inUnit(text: string, row: Row, meter: Meter): Exact {
  const value = exact(trimmed(text));
  if (meter.aggregation === 'time_weighted') return value.div(ratio(UNIT_MICROS[meter.unit ?? 'second'], 1n));
  return meter.aggregation === 'average' ? value.div(ratio(row.values, 1n)) : value;
}

/** PostgreSQL keeps zeros at the end of a numeric. */
const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

function nothing(meter: Meter): GroupUsage {
  const zero = ['count', 'sum', 'unique', 'time_weighted'].includes(meter.aggregation) ? ZERO : null;
  return { group: {}, quantity: zero, billable: zero, events: 0n };
}
