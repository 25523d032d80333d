/** What is left to pay of an invoice, in minor units. */
export interface LeftToPay {
  readonly invoiceId: string;
  readonly leftMinor: bigint;
}

/** One charge: an invoice, and smaller ones that are collected with it. */
export interface Charge extends LeftToPay {
  readonly carried: readonly LeftToPay[];
}

/**
 * How an account's invoices are charged by a provider that charges nothing below a minimum (in minor units). What is too small by itself is carried
 * forward, and collected with the first invoice with which it comes to enough; until then nothing of it is charged. Each invoice is in one charge at most.
 */
export function chargesOf(due: readonly LeftToPay[], waiting: readonly LeftToPay[], minimumMinor: bigint): Charge[] {
  const charges: Charge[] = [];
  let carried = [...waiting];
  for (const invoice of due) {
    const total = [invoice, ...carried].reduce((sum, { leftMinor }) => sum + leftMinor, 0n);
    if (invoice.leftMinor <= 0n) continue;
    if (total < minimumMinor) {
      carried = [...carried, invoice];
      continue;
    }
    charges.push({ ...invoice, carried });
    carried = [];
  }
  return charges;
}
