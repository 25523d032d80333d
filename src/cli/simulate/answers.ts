import { formatMoney, toMinor } from '../../domain/currency.js';
import { exact, ratio, shown } from '../../domain/decimal.js';
import { answer } from '../../domain/metering/aggregate.js';
import { periodAt } from '../../domain/period.js';
import type { BreakdownStep } from '../../domain/rating/model.js';
import { rateMetered, rateRecurring } from '../../domain/rating/rate.js';
import { simulate } from '../../domain/simulation.js';
import { type InvoiceView, invoiceView, type PeriodView, periodView } from './output.js';
import type { AggregateQuestion, PeriodsQuestion, RateQuestion, SimulationFile } from './file.js';

/** What a simulation file comes to. */
export interface Answers {
  readonly invoices: readonly InvoiceView[];
  readonly rate: Readonly<Record<string, { readonly amount: string; readonly breakdown: readonly BreakdownStep[] }>>;
  readonly periods: Readonly<Record<string, readonly PeriodView[]>>;
  readonly aggregate: Readonly<Record<string, { readonly quantity: string | null }>>;
}

export function answersTo(file: SimulationFile): Answers {
  return {
    invoices: simulate(file.story).map(invoiceView),
    rate: Object.fromEntries(file.rate.map((question) => [question.as, rated(question)])),
    periods: Object.fromEntries(file.periods.map((question) => [question.as, periods(question)])),
    aggregate: Object.fromEntries(file.aggregate.map((question) => [question.as, aggregated(question, file)])),
  };
}

/** One full period of a recurring price, or a quantity of a metered one. */
function rated({ price, quantity, events, currency }: RateQuestion): Answers['rate'][string] {
  const measured = exact(quantity);
  const { amount, breakdown } =
    price.kind === 'recurring'
      ? rateRecurring(price, measured)
      : rateMetered(price, { group: {}, quantity: measured, billable: measured, events: BigInt(events) }, ratio(1n, 1n));
  return { amount: formatMoney(toMinor(amount, currency), currency), breakdown };
}

const periods = ({ schedule, count }: PeriodsQuestion): PeriodView[] =>
  Array.from({ length: count }, (_, k) => periodView(periodAt(schedule, k)));

function aggregated({ meter, from, to }: AggregateQuestion, { story }: SimulationFile): { quantity: string | null } {
  const definition = story.meters.find((candidate) => candidate.key === meter);
  if (!definition) throw new RangeError(`meter ${meter} was not checked`);
  const events = story.steps.flatMap((step) => (step.do === 'usage' ? step.events : []));
  const [usage] = answer(definition, { meter, from, to }, events);
  return { quantity: usage?.quantity ? shown(usage.quantity) : null };
}
