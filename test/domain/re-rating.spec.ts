import fc from 'fast-check';
import { type ComparedAmounts, concludeReRating, prepareReRating, questionsOf, type ReRating } from '../../src/domain/billing/re-rating.js';
import { DAY, type Stretch } from '../../src/domain/instant.js';
import { answer } from '../../src/domain/metering/aggregate.js';
import { anyStory, type BillingStory, EPOCH, facts, METERS } from '../support/billing-story.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 50);
const WHOLE: Stretch = { start: EPOCH - 400n * DAY, end: EPOCH + 400n * DAY };

function compared(story: BillingStory, { holder, draft, range }: { holder: number; draft: number; range: Stretch }): ComparedAmounts {
  const [held, thoughtOf] = [story.plans[holder], story.plans[draft]];
  if (!held || !thoughtOf) throw new RangeError('a story has three plans');
  const reRating: ReRating = { holders: held.plan, draft: { ...thoughtOf, interval: held.interval }, range, now: story.until };
  const prepared = prepareReRating(facts(story), reRating);
  if (!prepared) return { currentMinor: 0n, draftMinor: 0n, currentTaxMinor: 0n, draftTaxMinor: 0n };
  const answers = questionsOf(prepared).map((question) => {
    const meter = METERS.find(({ key }) => key === question.meter);
    return meter ? answer(meter, question, story.events) : [];
  });
  return concludeReRating(prepared, answers);
}

const anyDay = fc.integer({ min: -10, max: 190 }).map((day) => EPOCH + BigInt(day) * DAY);

test('a draft that says what the version says changes nothing, whatever became of the subscription', () => {
  let charged = 0;
  fc.assert(
    fc.property(anyStory, fc.nat(2), anyDay, (story, holder, from) => {
      const { currentMinor, draftMinor } = compared(story, { holder, draft: holder, range: { ...WHOLE, start: from } });
      expect(draftMinor).toBe(currentMinor);
      if (currentMinor !== 0n) charged += 1;
    }),
    { numRuns: RUNS },
  );
  expect(charged).toBeGreaterThan(0);
});

test('each period is compared once: of who keeps a plan, what two ranges come to is what they come to together', () => {
  fc.assert(
    fc.property(anyStory, anyDay, (story, at) => {
      fc.pre(story.histories.every((history) => history.facts.every(({ kind }) => kind !== 'plan_changed')));
      const of = (range: Stretch): ComparedAmounts => compared(story, { holder: 0, draft: 0, range });
      const parts = [of({ ...WHOLE, end: at }), of({ ...WHOLE, start: at })];
      expect(parts.reduce((sum, { currentMinor }) => sum + currentMinor, 0n)).toBe(of(WHOLE).currentMinor);
    }),
    { numRuns: RUNS },
  );
});
