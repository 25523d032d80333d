import type { Tx } from '../common/database/database.js';
import type { Stretch } from '../domain/instant.js';
import type { GroupUsage, UsageAnswer } from '../domain/metering/question.js';
import { type WindowUnit, windowsAtMost, windowsOf } from '../domain/metering/windows.js';
import { Refusal } from '../domain/refusal.js';
import type { AccountQuestion } from './quantities/answer.js';
import type { UsageService } from './usage.service.js';

const CELLS_MAX = 2_000;

export interface UsageSeries {
  readonly total: UsageAnswer;
  readonly windows: readonly (Stretch & { readonly usage: UsageAnswer })[];
}

/**
 * Usage over a stretch, and over each hour, day or month of it: one set of questions. Which groups there are is asked for first, where there
 * are any, so that what would be too much is refused before it is read.
 * @throws Refusal `too_many_windows`
 */
export async function usageSeries(
  tx: Tx,
  usage: UsageService,
  question: AccountQuestion,
  by: { readonly unit: WindowUnit; readonly timeZone: string },
): Promise<UsageSeries> {
  const whole = { start: question.from, end: question.to };
  if (windowsAtMost({ ...whole, ...by }) > 4n * BigInt(CELLS_MAX)) throw tooMany();
  const windows = [...windowsOf({ ...whole, ...by })];
  if (windows.length > CELLS_MAX) throw tooMany();
  const questions = windows.map(({ start, end }) => ({ ...question, from: start, to: end }));
  if (question.groupBy === undefined) {
    const [total = [], ...answers] = await usage.answer(tx, [question, ...questions]);
    return { total, windows: windows.map((window, i) => ({ ...window, usage: answers[i] ?? [] })) };
  }
  const [total = []] = await usage.answer(tx, [question]);
  if (total.length * windows.length > CELLS_MAX) throw tooMany();
  const answers = await usage.answer(tx, questions);
  const groups = new Map([total, ...answers].flat().map(({ group }) => [nameOf(group), group]));
  if (groups.size * windows.length > CELLS_MAX) throw tooMany();
  const [nothing] = await usage.answer(tx, [nothingOf(question)]);
  return { total, windows: windows.map((window, i) => ({ ...window, usage: filled(answers[i] ?? [], groups, nothing?.[0]) })) };
}

/** What the meter says of no usage: zero, or nothing. */
const nothingOf = ({ groupBy: _groupBy, filter: _filter, ...question }: AccountQuestion): AccountQuestion => ({
  ...question,
  to: question.from,
});

/** Every group in each window, in one order. */
function filled(usage: UsageAnswer, groups: ReadonlyMap<string, GroupUsage['group']>, nothing: GroupUsage | undefined): GroupUsage[] {
  const found = new Map(usage.map((one) => [nameOf(one.group), one]));
  const empty = { quantity: nothing?.quantity ?? null, billable: nothing?.billable ?? null, events: 0n };
  return [...groups].map(([name, group]) => found.get(name) ?? { ...empty, group });
}

const nameOf = (group: GroupUsage['group']): string => JSON.stringify(Object.values(group));

const tooMany = (): Refusal =>
  new Refusal(
    'unprocessable',
    'too_many_windows',
    `A series has at most ${String(CELLS_MAX)} windows, times groups: ask for a shorter range, a longer window, or fewer groups.`,
  );
