import type { Tx } from '../common/database/database.js';
import type { Meter, UsageFilter } from '../domain/catalog.js';
import { type Exact, exact, ratio, ZERO } from '../domain/decimal.js';
import { formatInstant } from '../domain/instant.js';
import { UNIT_MICROS } from '../domain/metering/aggregate.js';
import { propertyText } from '../domain/metering/filter.js';
import type { GroupUsage, UsageAnswer, UsageQuestion } from '../domain/metering/question.js';
import { LEVELS } from './levels-sql.js';
import { EVENTS, PICKED } from './events-sql.js';

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
 * Answers questions about one meter, for all accounts at once: one statement. Questions that differ in filter or grouping are asked apart.
 * Exact: sums and integrals are PostgreSQL's numeric, quotients are fractions.
 */
export async function answerMeter(tx: Tx, meter: Meter, questions: readonly AccountQuestion[]): Promise<UsageAnswer[]> {
  const [first] = questions;
  if (!first) return [];
  const level = meter.aggregation === 'time_weighted';
  const text = meter.aggregation === 'time_weighted' ? LEVELS : `${EVENTS} ${PICKED[meter.aggregation]}`;
  const rows = await tx.query<Row[]>(text, [
    questions.map((question) => question.accountId),
    questions.map((question) => formatInstant(question.from)),
    questions.map((question) => formatInstant(question.to)),
    meter.eventType,
    JSON.stringify(level ? conditions(first.filter) : conditions(meter.filter, first.filter)),
    first.groupBy ?? [],
    meter.value ?? '',
    ...(level ? [meter.resource ?? '', meter.mode ?? 'level', first.freeConcurrent ?? null, JSON.stringify(conditions(meter.filter))] : []),
    ...(meter.aggregation === 'percentile' ? [String(meter.percentile ?? 100)] : []),
  ]);
  const answers = questions.map((): GroupUsage[] => []);
  for (const row of rows) answers[row.idx - 1]?.push(usageOf(row, meter, first));
  return answers.map((groups) => (first.groupBy === undefined && groups.length === 0 ? [nothing(meter)] : groups));
}

/** Both filters as a list of properties and their admitted values. */
const conditions = (...filters: readonly (UsageFilter | undefined)[]): { property: string; admitted: readonly string[] }[] =>
  filters.flatMap((filter) =>
    Object.entries(filter ?? {}).map(([property, values]) => ({
      property,
      admitted: values.map((value) => propertyText({ value }, 'value') ?? value),
    })),
  );

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
