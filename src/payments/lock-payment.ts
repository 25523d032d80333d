import type { Tx } from '../common/database/database.js';
import type { InvoicesService } from '../invoices/invoices.service.js';
import { type Payment, paymentById } from './payment-records.js';

/**
 * A payment, and whether exactly what it collects is left to pay; both stay so until the transaction ends.
 *
 * All locks of this module are taken in one order: a payment method, the settlement of an invoice (of several, in the order of their keys),
 * its payments and their attempts, a refund, and the account last. Whoever holds a settlement knows that no payment of that invoice begins, ends or is recorded meanwhile: so what is read under it may be
 * acted on, and a look at what is unpaid without it may not. Two in other orders would wait for each other.
 * @throws Refusal `payment_not_found`
 */
export async function lockPayment(
  tx: Tx,
  invoices: InvoicesService,
  id: string,
): Promise<{ readonly payment: Payment; readonly isDue: boolean }> {
  const { accountId, invoiceId, amountMinor, carried } = await paymentById(tx, id); // of these nothing ever changes
  const left = await invoices.lockLeft(tx, [{ accountId, invoiceId }, ...carried.map((one) => ({ accountId, invoiceId: one.invoiceId }))]);
  const isDue = left.get(invoiceId) === amountMinor && carried.every((one) => left.get(one.invoiceId) === BigInt(one.amountMinor));
  return { payment: await paymentById(tx, id, { locked: true }), isDue };
}
