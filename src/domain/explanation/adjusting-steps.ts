import { creditedInAll } from '../billing/credited.js';
import { type BilledLine, creditNotedOf } from '../billing/line.js';
import { billedOn, leftOn } from '../billing/slot.js';
import { fromMinor } from '../currency.js';
import { exactText, ratio } from '../decimal.js';
import { measure, type ProrationRule } from '../proration.js';
import { sharedOut } from './shared-out.js';
import { amountStep, moneyStep, moneyText, type Reckoned } from './step.js';

/** Takes an unused rest back from a recurring line; `before` are lines of its slot that were billed before. */
export function creditSteps(
  line: BilledLine,
  {
    origin,
    before,
    rule,
    currency,
  }: { readonly origin: BilledLine; readonly before: readonly BilledLine[]; readonly rule: ProrationRule; readonly currency: string },
): Reckoned {
  const earlier = before.filter(({ adjusts }) => adjusts === origin.id);
  const length = ({ servicePeriod }: BilledLine): bigint => measure(servicePeriod, rule);
  const [own, whole] = [length(line), length(origin)];
  const creditedBefore = -billedOn(earlier);
  const uncovered = earlier.reduce((total, credit) => total + length(credit), own);
  const total = creditedInAll({ line: origin, uncovered, whole, creditedBefore });
  const amountMinor = creditedBefore - total;
  const money = (minor: bigint): string => moneyText(minor, currency);
  const portion = ratio(uncovered, whole);
  const full = fromMinor(origin.amountMinor, currency);
  const due = full.mul(portion);
  const { part, whole: of, basis } = sharedOut(line.servicePeriod, origin.servicePeriod, rule);
  const share = `${part} of ${of} ${basis}s of what it paid for are not used`;
  const all = earlier.length === 0 ? '' : `, and with ${String(earlier.length)} credits before, ${portion.toFraction()} of it`;
  return {
    steps: [
      moneyStep('charged', `The line that is credited charged ${money(origin.amountMinor)}.`, origin.amountMinor, currency),
      {
        ...amountStep('share', `${share}${all}: ${exactText(full)} x ${portion.toFraction()} = ${exactText(due)} ${currency}.`, due),
        share: portion.toFraction(),
      },
      ...(creditNotedOf(origin) > 0n
        ? [
            moneyStep(
              'credit_notes',
              `Credit notes took ${money(creditNotedOf(origin))} of it already, and no more than the rest comes back.`,
              creditNotedOf(origin),
              currency,
            ),
          ]
        : []),
      moneyStep('credited_in_all', `All that comes back of it, rounded once: ${money(total)}.`, total, currency),
      ...(creditedBefore === 0n
        ? []
        : [moneyStep('credited_before', `Credited before: ${money(creditedBefore)}.`, creditedBefore, currency)]),
      moneyStep('credit', `This line: ${money(amountMinor)}.`, amountMinor, currency),
    ],
    amountMinor,
  };
}

/** Takes a charge back that is not to be made any more, as far as credit notes left something of it. */
export function reversalSteps(before: readonly BilledLine[], currency: string): Reckoned {
  const [billedMinor, left] = [billedOn(before), leftOn(before)];
  const text = `That is not charged any more: ${moneyText(-left, currency)} takes back what is left of it.`;
  return {
    steps: [
      moneyStep('billed_before', `Billed for it before, in all: ${moneyText(billedMinor, currency)}.`, billedMinor, currency),
      ...(left === billedMinor ? [] : [moneyStep('credit_notes', `Credit notes left ${moneyText(left, currency)} of it.`, left, currency)]),
      moneyStep('reversal', text, -left, currency),
    ],
    amountMinor: -left,
  };
}

/** The difference of all that a piece comes to and what was billed for it: down by no more than credit notes have left. */
export function differenceSteps(all: Reckoned, before: readonly BilledLine[], currency: string): Reckoned {
  if (before.length === 0) return all;
  const [billedMinor, left] = [billedOn(before), leftOn(before)];
  const wanted = all.amountMinor - billedMinor;
  const amountMinor = wanted < -left ? -left : wanted;
  const cut = amountMinor === wanted ? '' : ', but no more than credit notes have left';
  const text = `The difference${cut}: ${moneyText(amountMinor, currency)}.`;
  return {
    steps: [
      ...all.steps,
      moneyStep('billed_before', `Billed for it before: ${moneyText(billedMinor, currency)}.`, billedMinor, currency),
      moneyStep('difference', text, amountMinor, currency),
    ],
    amountMinor,
  };
}
