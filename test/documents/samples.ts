import { type Draft, drafted, untaxedLines } from '../../src/domain/billing/draft.js';
import { sumOf } from '../../src/domain/billing/grants.js';
import type { BilledLine, Charge, LineTax } from '../../src/domain/billing/line.js';
import type { Coupon } from '../../src/domain/catalog.js';
import { parseMoney } from '../../src/domain/currency.js';
import type { BillingDocument } from '../../src/domain/documents/document.js';
import { creditNoteDocument } from '../../src/domain/documents/credit-note-document.js';
import { invoiceDocument } from '../../src/domain/documents/invoice-document.js';
import { creditNote } from '../../src/domain/billing/credit-note.js';
import { netOf } from '../../src/domain/billing/line.js';
import { DAY, parseInstant } from '../../src/domain/instant.js';
import type { BreakdownStep } from '../../src/domain/rating/model.js';

const ISSUED = parseInstant('2026-02-01T03:10:00Z');
const START = parseInstant('2026-01-01T00:00:00Z');
const END = parseInstant('2026-02-01T00:00:00Z');

export const SELLER = {
  key: 'default',
  name: 'Wharfage GmbH',
  address: { line1: 'Kaiserstraße 1', city: 'Berlin', postalCode: '10117', country: 'DE' },
  taxIds: [{ type: 'eu_vat', value: 'DE123456789' }],
  registrationNumber: 'HRB 12345 B',
  email: 'billing@wharfage.example',
  iban: 'DE89370400440532013000',
  bic: 'COBADEFFXXX',
  bankDetails: 'Hafenbank Berlin',
  paymentTerms: 'Please pay within 14 days without deduction. Late payments bear statutory interest.',
};

export const BUYER = {
  key: 'acme',
  name: 'Acme S.A.',
  email: 'ap@acme.example',
  timeZone: 'UTC',
  address: { line1: '12 rue de la Paix', line2: 'Bâtiment B', city: 'Paris', postalCode: '75002', country: 'FR' },
  taxIds: [{ type: 'eu_vat', value: 'FR40303265045' }],
  taxRates: [] as object[],
};

export const tax = (key: string, rate: string, more: Partial<LineTax> = {}): LineTax => ({
  key,
  name: `VAT ${key}`,
  rate,
  category: 'S',
  inclusive: false,
  ...more,
});

interface ChargeInput extends Partial<Omit<Charge, 'amountMinor'>> {
  readonly amount: string;
}

interface SampleInput {
  readonly currency?: string;
  readonly charges: readonly ChargeInput[];
  readonly taxes?: readonly LineTax[];
  readonly coupon?: Partial<Coupon>;
  readonly billed?: readonly BilledLine[];
  readonly balance?: string;
  readonly seller?: object;
  readonly buyer?: object;
  readonly corrects?: readonly string[];
  readonly memo?: string;
  readonly purchaseOrder?: string;
}

export function chargeOf({ amount, ...more }: ChargeInput, i: number, currency = 'EUR'): Charge {
  return {
    slot: `slot-${String(i)}`,
    slotSeq: 1,
    dueAt: END,
    kind: 'recurring',
    subscription: 'sub_1',
    plan: 'team',
    planVersion: 1,
    price: `p${String(i).padStart(3, '0')}`,
    description: 'Team plan',
    quantity: '1',
    unitPrice: null,
    amountMinor: parseMoney(amount, currency),
    servicePeriod: { start: START, end: END },
    period: { key: 'month:0', start: START, end: END },
    periodOrdinal: 0,
    proration: false,
    adjusts: null,
    groups: null,
    breakdown: [],
    ...more,
  };
}

/** The draft of a bill run for these charges. */
export function draftOf({ currency = 'EUR', charges, taxes = [], coupon, billed = [], balance = '0' }: SampleInput): Draft {
  const redemption = { coupon: 'WELCOME', fromOrdinal: 0, throughOrdinal: null, redeemedAt: START, endedAt: null };
  const lines = untaxedLines({
    currency,
    charges: charges.map((charge, i) => chargeOf(charge, i, currency)),
    billed,
    coupons: new Map(coupon ? [['WELCOME', { key: 'WELCOME', duration: 'forever', ...coupon }]] : []),
    redeemed: new Map(coupon ? [['sub_1', [redemption]]] : []),
    createdAt: new Map(),
  }).map((line) => ({ ...line, taxes: line.taxes ?? taxes }));
  return drafted({ currency, lines, balanceMinor: parseMoney(balance, currency), grants: [], billedAt: ISSUED });
}

export function sample(input: SampleInput): BillingDocument {
  const made = draftOf(input);
  return invoiceDocument({
    ...made,
    number: 'INV-000042',
    memo: input.memo ?? null,
    purchaseOrder: input.purchaseOrder ?? null,
    issuedAt: ISSUED,
    dueAt: ISSUED + 14n * DAY,
    periodStart: START,
    periodEnd: END,
    lines: made.lines.map((line, i) => ({ ...line, id: `line_${String(i)}`, invoiceId: 'inv_1', creditNotedMinor: 0n })),
    grantsAppliedMinor: sumOf(made.grantsApplied),
    snapshot: { seller: { ...SELLER, ...input.seller }, buyer: { ...BUYER, ...input.buyer } },
    corrects: (input.corrects ?? []).map((number) => ({ number, issuedAt: START })),
  });
}

/** A credit note that takes an amount, tax included, off an invoice of these charges. */
export function creditNoteSample(input: SampleInput, amount: string): BillingDocument {
  const made = draftOf(input);
  const lines = made.lines.map((line, i) => ({ ...line, id: `line_${String(i)}`, invoiceId: 'inv_1', creditNotedMinor: 0n }));
  const noted = creditNote(
    {
      currency: made.currency,
      taxes: made.taxes,
      creditedTaxes: [],
      leftMinor: made.totalMinor,
      lines: lines.map((line) => ({ ...line, creditedMinor: 0n, creditedRevenueMinor: 0n, leftMinor: netOf(line) })),
    },
    { amountMinor: parseMoney(amount, made.currency) },
  );
  const snapshot = { seller: { ...SELLER, ...input.seller }, buyer: { ...BUYER, ...input.buyer } };
  const half = noted.totalMinor / 2n;
  return creditNoteDocument({
    ...noted,
    number: 'CN-000007',
    currency: made.currency,
    issuedAt: ISSUED + DAY,
    reason: 'An outage of two days',
    reducedMinor: half,
    recoveredMinor: 0n,
    coveredMinor: 0n,
    balanceMinor: noted.totalMinor - half,
    refundMinor: 0n,
    snapshot,
    invoice: { number: 'INV-000042', issuedAt: ISSUED, snapshot, lines },
  });
}

const tier = (upTo: string | null, quantity: string, unitPrice: string, amount: string): BreakdownStep => ({
  step: 'tier',
  upTo,
  quantity,
  unitPrice,
  flatPrice: '0',
  amount,
});

const METERED: ChargeInput = {
  amount: '47.41',
  kind: 'metered',
  description: 'Node hours',
  quantity: '1372.5',
  breakdown: [
    { step: 'metered', quantity: '1372.5' },
    { step: 'free_units', quantity: '100' },
    { step: 'billable', quantity: '1272.5' },
    tier('500', '500', '0.05', '25'),
    tier('1000', '500', '0.03', '15'),
    tier(null, '272.5', '0.0272', '7.412'),
  ],
};

const DE = tax('de', '0.19');

/** One invoice of each kind, by what is special about it. */
export const SAMPLES: Readonly<Record<string, BillingDocument>> = {
  flat: sample({ charges: [{ amount: '49.00' }, { amount: '36.00', description: 'Seats', quantity: '3', unitPrice: '12' }], taxes: [DE] }),
  'metered in tiers': sample({ charges: [{ amount: '49.00' }, METERED], taxes: [DE], balance: '20.00' }),
  'usage told apart by groups': sample({
    charges: [
      { ...METERED, groups: { region: 'eu-central', size: 'large' } },
      {
        ...METERED,
        amount: '12.00',
        quantity: '240',
        groups: { region: 'us-east', size: 'small' },
        breakdown: METERED.breakdown?.slice(0, 3) ?? [],
      },
    ],
    taxes: [DE],
  }),
  discounted: sample({
    memo: 'Thank you for your order.',
    purchaseOrder: 'PO-4711',
    charges: [{ amount: '49.00' }, { amount: '33.33', description: 'Storage' }],
    taxes: [DE],
    coupon: { percentOff: '15' },
  }),
  'tax included': sample({
    charges: [{ amount: '49.00' }, { amount: '33.33', description: 'Storage' }, { amount: '0.05', description: 'Transfer' }],
    taxes: [tax('de-incl', '0.19', { inclusive: true })],
    coupon: { percentOff: '7' },
  }),
  'reverse charge': sample({
    charges: [{ amount: '49.00' }, METERED],
    taxes: [tax('rc', '0', { category: 'AE', name: 'Reverse charge' })],
  }),
  'intra-community': sample({ charges: [{ amount: '49.00' }], taxes: [tax('ic', '0', { category: 'K' })] }),
  export: sample({ charges: [{ amount: '49.00' }], taxes: [tax('ex', '0', { category: 'G' })] }),
  exempt: sample({
    charges: [{ amount: '49.00' }],
    taxes: [tax('free', '0', { category: 'E', name: 'Exempt' })],
    buyer: { taxRates: [{ key: 'free', exemptionReason: 'Exempt under Article 132(1)(i) of Directive 2006/112/EC' }] },
  }),
  'zero rated': sample({ charges: [{ amount: '49.00' }], taxes: [tax('zero', '0', { category: 'Z' })] }),
  'outside of VAT': sample({ charges: [{ amount: '49.00' }], seller: { taxIds: [] } }),
  'total below zero': sample({
    charges: [
      { amount: '10.00', description: 'Team plan' },
      { amount: '-49.00', description: 'Unused time of Business plan', adjusts: 'line_9', proration: true, quantity: '1', unitPrice: '49' },
    ],
    taxes: [DE],
    billed: [
      {
        ...chargeOf({ amount: '98.00' }, 9),
        id: 'line_9',
        creditNotedMinor: 0n,
        discounts: [{ coupon: 'WELCOME', amountMinor: 980n }],
        taxes: [DE],
      },
    ],
    corrects: ['INV-000017'],
  }),
  yen: sample({ currency: 'JPY', charges: [{ amount: '4900' }, { amount: '333', description: 'Storage' }], taxes: [tax('jp', '0.10')] }),
  dinar: sample({
    currency: 'KWD',
    charges: [{ amount: '14.125' }, { amount: '3.333', description: 'Storage' }],
    taxes: [tax('kw', '0.05')],
  }),
  'credit note': creditNoteSample({ charges: [{ amount: '49.00' }, { amount: '33.33', description: 'Storage' }], taxes: [DE] }, '30.00'),
  'credit note with tax included': creditNoteSample(
    { charges: [{ amount: '49.00' }, { amount: '33.33', description: 'Storage' }], taxes: [tax('de-incl', '0.19', { inclusive: true })] },
    '10.01',
  ),
  'other scripts': sample({
    charges: [
      { amount: '49.00', description: 'Πρόγραμμα ομάδας – Командный тариф' },
      { amount: '12.00', description: 'チームプラン・团队计划・팀 요금제' },
      { amount: '1.00', description: 'Latvīna ŁÓDŹ ß Ñ ₿ 😀 \u{E0FF}', quantity: '3', unitPrice: '0.3333' },
    ],
    taxes: [DE],
    buyer: { name: '株式会社サンプル', address: { line1: '千代田区丸の内1-1-1', city: '東京都', postalCode: '100-0005', country: 'JP' } },
  }),
};
