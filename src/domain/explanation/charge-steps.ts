import { lineAmount } from '../billing/line-amount.js';
import type { BilledLine } from '../billing/line.js';
import { minimumOf } from '../billing/owed-metered.js';
import type { ExpectedMinimum, ExpectedOneTime, ExpectedRecurring } from '../billing/due.js';
import { fromMinor } from '../currency.js';
import { exact, exactText, ratio } from '../decimal.js';
import { share } from '../proration.js';
import { rateOneTime, rateRecurring } from '../rating/rate.js';
import { ratingSteps } from './rating-steps.js';
import { sharedOut } from './shared-out.js';
import { amountStep, moneyText, type Reckoned, roundStep } from './step.js';

const WHOLE = ratio(1n, 1n);

export function oneTimeSteps({ price }: ExpectedOneTime, currency: string): Reckoned {
  const rated = rateOneTime(price);
  const amountMinor = lineAmount(rated.amount, currency);
  return { steps: [...ratingSteps(rated, { price, currency, share: WHOLE }), roundStep(amountMinor, currency)], amountMinor };
}

/** A recurring price for the time of a line, which may be a part of its period. */
export function recurringSteps(line: BilledLine, { price, quantity, period, rule }: ExpectedRecurring, currency: string): Reckoned {
  const rated = rateRecurring(price, exact(quantity));
  const portion = share(line.servicePeriod, period, rule);
  const amount = rated.amount.mul(portion);
  const amountMinor = lineAmount(amount, currency);
  const { part, whole, basis } = sharedOut(line.servicePeriod, period, rule);
  const [rest, result] = [portion.toFraction(), exactText(amount)];
  const prorated = {
    ...amountStep(
      'share',
      `For ${part} of ${whole} ${basis}s of the period: ${exactText(rated.amount)} x ${rest} = ${result} ${currency}.`,
      amount,
    ),
    share: rest,
  };
  return {
    steps: [
      { step: 'held', text: `${quantity} was held.`, quantity },
      ...ratingSteps(rated, { price, currency, share: WHOLE }),
      ...(portion.equals(WHOLE) ? [] : [prorated]),
      roundStep(amountMinor, currency),
    ],
    amountMinor,
  };
}

/** What was put on an invoice by hand: a quantity at a unit price, or an amount. */
export function manualSteps({ quantity, unitPrice, amountMinor: given }: BilledLine, currency: string): Reckoned {
  if (unitPrice === null) {
    const text = `Added by hand, as an amount: ${moneyText(given, currency)}.`;
    return { steps: [amountStep('given', text, fromMinor(given, currency))], amountMinor: given };
  }
  const amount = exact(quantity).mul(exact(unitPrice));
  const amountMinor = lineAmount(amount, currency);
  const text = `Added by hand: ${quantity} x ${unitPrice} = ${exactText(amount)} ${currency}.`;
  return { steps: [{ ...amountStep('given', text, amount), quantity }, roundStep(amountMinor, currency)], amountMinor };
}

/** What is missing to a commitment, `metered` being all lines that count for it. */
export function minimumSteps(item: ExpectedMinimum, metered: readonly BilledLine[], currency: string): Reckoned {
  const lines = metered.map((line) => ({ item: { subscription: line.subscription ?? '', stretch: line.servicePeriod }, charge: line }));
  const counted = lines.filter(
    ({ item: { subscription, stretch } }) =>
      subscription === item.subscription && stretch.start >= item.stretch.start && stretch.end <= item.stretch.end,
  );
  const usedMinor = counted.reduce((total, { charge }) => total + charge.amountMinor, 0n);
  const amountMinor = minimumOf(item, counted, currency);
  const used = moneyText(usedMinor, currency);
  return {
    steps: [
      amountStep('commitment', `The plan's commitment for this time is ${exactText(item.commitment)} ${currency}.`, item.commitment),
      amountStep('used', `Its metered lines come to ${used}.`, fromMinor(usedMinor, currency)),
      amountStep(
        'missing',
        `What is missing, rounded to the minor unit: ${moneyText(amountMinor, currency)}.`,
        fromMinor(amountMinor, currency),
      ),
    ],
    amountMinor,
  };
}
