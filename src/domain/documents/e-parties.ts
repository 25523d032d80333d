import type { Party, PostalAddress } from './document.js';
import type { EInvoice } from './e-invoice.js';
import { taxNumbersOf } from './vat-numbers.js';

/** BG-4 or BG-7. */
export interface EParty {
  readonly name: string;
  readonly email: string | null;
  readonly address: PostalAddress | null;
  readonly vatNumber: string | undefined;
  /** BT-32: of the seller only. */
  readonly taxNumber: string | undefined;
  readonly registrationNumber: string | null;
}

/** Seller and buyer, and the country to which an intra-community supply goes. What is out of the scope of VAT names no VAT numbers (BR-O-02). */
export function partiesOf({ document: { seller, buyer }, vat }: EInvoice): {
  readonly seller: EParty;
  readonly buyer: EParty;
  readonly deliveredTo: string | undefined;
} {
  const isOutside = vat.some(({ category }) => category === 'O');
  const of = ({ name, email, address, taxIds }: Party) => ({
    name,
    email,
    address,
    vatNumber: isOutside ? undefined : taxNumbersOf(taxIds).vat,
    taxNumber: undefined,
    registrationNumber: null,
  });
  return {
    seller: {
      ...of(seller),
      taxNumber: isOutside ? undefined : taxNumbersOf(seller.taxIds).other,
      registrationNumber: seller.registrationNumber,
    },
    buyer: of(buyer),
    deliveredTo: vat.some(({ category }) => category === 'K') ? buyer.address?.country : undefined,
  };
}

/** BG-16 and BT-20. */
export interface Payment {
  /** UNTDID 4461: SEPA credit transfer for euros, credit transfer for others. */
  readonly meansCode: '30' | '58';
  /** Null where the seller names no account: then there is no BG-16. */
  readonly iban: string | null;
  readonly bic: string | null;
  readonly accountName: string;
  readonly reference: string;
  /** BT-20: terms, and how to pay where no account says it. */
  readonly terms: string | null;
}

/** How to pay. Nothing is said of it where nothing is to be paid by the buyer. */
export function paymentOf({ document: { seller, currency, number }, typeCode, dueMinor }: EInvoice): Payment {
  const isAsked = typeCode === '380' && dueMinor > 0n;
  const terms = [seller.paymentTerms, seller.iban === null ? seller.bankDetails : null].filter((text) => text !== null).join('\n');
  return {
    meansCode: currency === 'EUR' ? '58' : '30',
    iban: isAsked ? seller.iban : null,
    bic: seller.bic,
    accountName: seller.name,
    reference: number,
    terms: isAsked && terms !== '' ? terms : null,
  };
}
