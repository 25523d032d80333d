import type { Coupon } from '../catalog.js';
import type { Instant } from '../instant.js';
import { Refusal } from '../refusal.js';
import { decideRedemption, decideRedemptionEnd, type Redeemer } from './commands/redeem.js';
import { decideStart } from './commands/start.js';
import { parseInstant } from '../instant.js';
import type { PlanVersion } from '../catalog.js';
import { holdings, versionKey } from './history.js';
import { holdsIn, redemptionsOf } from './redemptions.js';

const at = (day: string): Instant => parseInstant(`2026-${day}T00:00:00Z`);
const PLAN: PlanVersion = {
  plan: 'p',
  version: 1,
  name: 'p',
  product: 'p',
  currency: 'USD',
  interval: { unit: 'month', count: 1 },
  trialDays: 0,
  prorationBasis: 'second',
  minimumCommitment: null,
  entitlements: {},
  prices: [],
};
const VERSIONS = new Map([[versionKey('p', 1), PLAN]]);
const coupon = (duration: Coupon['duration'], periods?: number): Coupon => ({
  key: 'c',
  percentOff: '10',
  duration,
  ...(periods && { periods }),
});

function started(more: { coupon?: string; trialDays?: number } = {}): Redeemer {
  const startsAt = at('01-15');
  const facts = decideStart({ startsAt, ...more }, { plan: PLAN, account: { currency: 'USD', timeZone: 'UTC' }, held: [], now: startsAt });
  return { history: { id: 's', createdAt: startsAt, facts }, versions: VERSIONS, now: startsAt };
}
const redeemed = (redeemer: Redeemer, day: string, one = coupon('forever')): Redeemer => {
  const now = { ...redeemer, now: at(day) };
  return { ...now, history: { ...now.history, facts: [...now.history.facts, decideRedemption(now, one)] } };
};
const ended = (redeemer: Redeemer, day: string, one = coupon('forever')): Redeemer => {
  const now = { ...redeemer, now: at(day) };
  const fact = decideRedemptionEnd(now, one);
  return fact ? { ...now, history: { ...now.history, facts: [...now.history.facts, fact] } } : now;
};
const periodsReduced = ({ history, versions }: Redeemer, one: Coupon): number[] =>
  [0, 1, 2, 3, 4, 5].filter((ordinal) =>
    redemptionsOf(history, holdings(history, versions)).some((redemption) => holdsIn(ordinal, redemption, one)),
  );

describe('a coupon reduces the billing periods', () => {
  it.each([
    {
      case: 'from the first one, where it came with the start',
      redeemer: started({ coupon: 'c' }),
      of: coupon('repeating', 2),
      is: [0, 1],
    },
    { case: 'from the one in which it was redeemed', redeemer: redeemed(started(), '03-20'), of: coupon('repeating', 2), is: [2, 3] },
    { case: 'only that one, where it is for once', redeemer: redeemed(started(), '03-20'), of: coupon('once'), is: [2] },
    { case: 'at a boundary, the one that begins', redeemer: redeemed(started(), '03-15'), of: coupon('once'), is: [2] },
    {
      case: 'from the first one, where it was redeemed in the trial',
      redeemer: redeemed(started({ trialDays: 20 }), '01-20'),
      of: coupon('once'),
      is: [0],
    },
    {
      case: 'up to the one in which it was ended',
      redeemer: ended(redeemed(started(), '02-20'), '04-20'),
      of: coupon('forever'),
      is: [1, 2, 3],
    },
    {
      case: 'again, where it was redeemed again',
      redeemer: redeemed(ended(redeemed(started(), '01-20'), '01-21'), '05-20'),
      of: coupon('forever'),
      is: [0, 4, 5],
    },
  ])('$case', ({ redeemer, of, is }) => {
    expect(periodsReduced(redeemer, of)).toEqual(is);
  });
});

test('what holds is not redeemed again; what is over is', () => {
  const once = redeemed(started(), '02-20', coupon('once'));
  expect(() => redeemed(once, '02-21', coupon('once'))).toThrow(expect.objectContaining({ code: 'discount_exists' }) as Refusal);
  expect(periodsReduced(redeemed(once, '03-15', coupon('once')), coupon('once'))).toEqual([1, 2]);
});

test('what is over, or was ended, is not ended again', () => {
  const over = redeemed(started(), '02-20', coupon('once'));
  expect(decideRedemptionEnd({ ...over, now: at('04-01') }, coupon('once'))).toBeUndefined();
  const stopped = ended(redeemed(started(), '02-20'), '02-21');
  expect(decideRedemptionEnd({ ...stopped, now: at('02-22') }, coupon('forever'))).toBeUndefined();
});
