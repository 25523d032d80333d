import { balanceAppliedOf, type Draft } from '../domain/billing/draft.js';
import { formatMoney } from '../domain/currency.js';
import type { AppliedView } from './applied.dto.js';

type Applied = Pick<Draft, 'currency' | 'appliedMinor' | 'grantsApplied'>;

/** What was paid from grants, in the order in which they were burnt down, and then from the balance. */
export function appliedView(applied: Applied): AppliedView[] {
  const money = (amountMinor: bigint): string => formatMoney(amountMinor, applied.currency);
  const balanceMinor = balanceAppliedOf(applied);
  return [
    ...applied.grantsApplied.map(({ grant, amountMinor }): AppliedView => ({ kind: 'grant', grant, amount: money(amountMinor) })),
    ...(balanceMinor === 0n ? [] : [{ kind: 'balance' as const, grant: null, amount: money(balanceMinor) }]),
  ];
}
