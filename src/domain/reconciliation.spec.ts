import fc from 'fast-check';
import { type Drift, driftsOf, type Movement, reconcile } from './reconciliation.js';

const OPEN_FROM = 1_000n;

function movement(more: Partial<Movement> = {}): Movement {
  return {
    kind: 'charge',
    subject: 'pay_1',
    key: 'pay_1:1',
    state: 'succeeded',
    amountMinor: 1_200n,
    currency: 'USD',
    customer: 'cus_acme',
    reference: 'ch_1',
    at: 0n,
    ...more,
  };
}
const refund = (more: Partial<Movement> = {}): Movement => movement({ kind: 'refund', subject: 'ref_1', key: 'ref_1', ...more });
const failed = { state: 'failed' } as const;
const pending = { state: 'pending' } as const;
const second = { key: 'pay_1:2', reference: 'ch_2' };

test.each<[string, Movement[], Movement[], Drift['kind'][]]>([
  ['a payment that both have alike', [movement()], [movement()], []],
  ['a payment that the provider does not have', [movement()], [], ['missing_at_provider']],
  ['a payment that we do not have', [], [movement()], ['missing_here']],
  ['a payment that we do not have, and that is not through', [], [movement(pending)], ['missing_here']],
  ['a failure that we do not have', [], [movement(failed)], []],
  ['another amount', [movement()], [movement({ amountMinor: 1_201n })], ['amount']],
  ['another currency', [movement()], [movement({ currency: 'EUR', amountMinor: 1n })], ['currency']],
  ['another account', [movement()], [movement({ customer: 'cus_zeta' })], ['wrong_account']],
  ['another account and amount', [movement()], [movement({ customer: 'cus_zeta', amountMinor: 1n })], ['amount', 'wrong_account']],
  ['an account that the provider does not tell', [movement()], [movement({ customer: null })], []],
  ['through with us, failed there', [movement()], [movement(failed)], ['status']],
  ['through with us, pending there', [movement()], [movement(pending)], ['status']],
  ['failed with us, through there', [movement(failed)], [movement()], ['status']],
  ['failed with us, failed there', [movement(failed)], [movement(failed)], []],
  ['failed with us, pending there', [movement(failed)], [movement(pending)], []],
  ['failed with us, unknown there', [movement(failed)], [], []],
  ['pending with us for long, through there', [movement(pending)], [movement()], ['status']],
  ['pending with us for long, failed there', [movement(pending)], [movement(failed)], ['status']],
  ['pending with us, pending there', [movement(pending)], [movement(pending)], []],
  ['pending with us, unknown there', [movement(pending)], [], []],
  ['under way, through there', [movement({ ...pending, at: OPEN_FROM })], [movement()], []],
  ['charged twice under one key', [movement()], [movement(), movement({ reference: 'ch_2' })], ['duplicate_charge']],
  ['a failure before the success under one key', [movement()], [movement(failed), movement()], []],
  ['a second attempt after a failed one', [movement(failed), movement(second)], [movement(failed), movement(second)], []],
  ['a first attempt that went through, too', [movement(failed), movement(second)], [movement(), movement(second)], ['duplicate_charge']],
  ['two attempts that are both booked', [movement(), movement(second)], [movement(), movement(second)], []],
  ['an attempt that we do not know', [movement()], [movement(), movement(second)], ['missing_here']],
  ['a refund that both have', [refund()], [refund()], []],
  ['a refund that the provider does not have', [refund()], [], ['refund_missing_at_provider']],
  ['a refund that we do not have', [], [refund()], ['refund_missing_here']],
  ['a refund that was given twice', [refund()], [refund(), refund({ reference: 're_2' })], ['refund_missing_here']],
  ['another amount of a refund', [refund()], [refund({ amountMinor: 1n })], ['refund_amount']],
  ['a refund that failed there', [refund()], [refund(failed)], ['status']],
])('%s', (_name, ours, theirs, kinds) => {
  expect(driftsOf(ours, theirs, OPEN_FROM).map(({ kind }) => kind)).toEqual(kinds);
});

async function* streamed(movements: readonly Movement[]): AsyncGenerator<Movement> {
  for (const one of movements) yield Promise.resolve(one);
}

async function all(ours: readonly Movement[], theirs: readonly Movement[]): Promise<Drift[]> {
  const found: Drift[] = [];
  for await (const drift of reconcile(streamed(ours), streamed(theirs), OPEN_FROM)) found.push(drift);
  return found;
}

const subject = (n: number): string => `pay_${String(n).padStart(5, '0')}`;
const alike = (n: number): Movement => movement({ subject: subject(n), key: `${subject(n)}:1`, reference: `ch_${String(n)}` });

test('thousands of payments that are alike give no alarm, and what is missing on either side is found among them', async () => {
  const clean = Array.from({ length: 5_000 }, (_, n) => alike(n));
  expect(await all(clean, clean)).toEqual([]);
  const [ours, theirs] = [clean.filter((_, n) => n % 1_000 !== 3), clean.filter((_, n) => n % 1_000 !== 7)];
  const found = (await all(ours, theirs)).map((drift) => [drift.kind, drift.subject]);
  expect(found).toEqual(
    [0, 1_000, 2_000, 3_000, 4_000].flatMap((n) => [
      ['missing_here', subject(n + 3)],
      ['missing_at_provider', subject(n + 7)],
    ]),
  );
});

test('the merge finds what each subject by itself shows', async () => {
  const side = fc.uniqueArray(fc.tuple(fc.nat(12), fc.constantFrom('1', '2'), fc.constantFrom('succeeded', 'pending', 'failed')), {
    selector: ([n, attempt]) => `${String(n)}:${attempt}`,
    maxLength: 12,
  });
  const movements = (chosen: (readonly [number, string, string])[]): Movement[] =>
    chosen
      .map(([n, attempt, state]) => ({ ...alike(n), key: `${subject(n)}:${attempt}`, state: state as Movement['state'] }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  await fc.assert(
    fc.asyncProperty(side, side, async (left, right) => {
      const [ours, theirs] = [movements(left), movements(right)];
      const apart = Array.from({ length: 13 }, (_, n) => subject(n)).flatMap((one) => {
        const of = (from: Movement[]): Movement[] => from.filter((each) => each.subject === one);
        return driftsOf(of(ours), of(theirs), OPEN_FROM);
      });
      expect(await all(ours, theirs)).toEqual(apart);
    }),
    { numRuns: 100 },
  );
});

test('a stream that is not sorted is refused', async () => {
  await expect(all([alike(2), alike(1)], [])).rejects.toThrow('movements are not sorted');
});
