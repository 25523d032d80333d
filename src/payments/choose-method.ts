import type { Tx } from '../common/database/database.js';
import { newId } from '../common/ids.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { METHOD_COLUMNS, METHOD_ORDER, type PaymentMethod } from './payment-records.js';

type Stored = Pick<PaymentMethod, 'accountId' | 'provider' | 'customer' | 'reference' | 'label'>;

const NEXT_CHOICE = '(select max(choice) + 1 from (select choice from payment_method where account_id = $1 union all select 0) chosen)';

const FIND = `
  select ${METHOD_COLUMNS} from payment_method where account_id = $1 and provider = $2 and reference = $3 order by ${METHOD_ORDER} limit 1`;

const CURRENT = `select id from payment_method where account_id = $1 and provider = $2 order by ${METHOD_ORDER} limit 1`;

const CHOOSE = `
  insert into payment_method (account_id, id, provider, customer, reference, label, created_at, choice)
  select $1, $2, $3, $4, $5, $6, $7, ${NEXT_CHOICE}
  on conflict (account_id, provider, reference) where choice > 0 do update set choice = excluded.choice, label = excluded.label, customer = excluded.customer
  returning ${METHOD_COLUMNS}`;

const CHOOSE_AGAIN = `
  update payment_method set choice = ${NEXT_CHOICE}, label = $3, customer = $4 where account_id = $1 and id = $2 returning ${METHOD_COLUMNS}`;

/** The payment method of an account that its provider knows by that reference. */
export async function findMethod(
  tx: Tx,
  { accountId, provider, reference }: Pick<Stored, 'accountId' | 'provider' | 'reference'>,
): Promise<PaymentMethod | undefined> {
  const [found] = await tx.query<PaymentMethod[]>(FIND, [accountId, provider, reference]);
  return found;
}

/**
 * Makes a payment method the one that is charged: one that the account has already, or a new one. The choices of an account are counted, since
 * several may fall into one instant. `changed`: whether it was not that already.
 */
export async function chooseMethod(
  tx: Tx,
  stored: Stored,
  now: Instant,
): Promise<{ readonly method: PaymentMethod; readonly changed: boolean }> {
  const { accountId, provider, customer, reference, label } = stored;
  const known = await findMethod(tx, stored);
  if (known) {
    const [current] = await tx.query<{ id: string }[]>(CURRENT, [accountId, provider]);
    if (current?.id === known.id) return { method: known, changed: false };
    const [[method]] = await tx.query<[[PaymentMethod], number]>(CHOOSE_AGAIN, [accountId, known.id, label, customer]);
    return { method, changed: true };
  }
  const [method] = await tx.query<PaymentMethod[]>(CHOOSE, [
    accountId,
    newId('pm', now, accountId),
    provider,
    customer,
    reference,
    label,
    formatInstant(now),
  ]);
  if (!method) throw new RangeError('a payment method was not stored');
  return { method, changed: true };
}
