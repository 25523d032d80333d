import { formatMoney } from '../../../src/domain/currency.js';
import { must, type Service } from './service.js';

/** With no decimals, with two and with three. */
export const CURRENCIES = ['USD', 'JPY', 'KWD', 'EUR'] as const;
export type Currency = (typeof CURRENCIES)[number];

/** What is charged as a share of it is odd in every currency. */
const month = { unit: 'month', count: 1 };
const money = (currency: Currency, minor: number): string => formatMoney(BigInt(minor), currency);

const fee = (amount: string, more: object = {}) => ({ key: 'fee', kind: 'recurring', model: 'flat', amount, ...more });
const metered = (meter: string, more: object) => ({ key: meter, kind: 'metered', meter, ...more });

/** One plan of each kind, by name; its key is `<name>-<currency>`. */
export const planBodies = (currency: Currency): Readonly<Record<string, object>> => {
  const of = (minor: number): string => money(currency, minor);
  const unit = (currency === 'JPY' ? '1.3' : '0.0131') as string;
  return {
    flat: { interval: month, prices: [fee(of(3100)), { key: 'setup', kind: 'one_time', amount: of(499) }] },
    flat2: { interval: month, prices: [fee(of(6200))] },
    seats: {
      interval: month,
      prorationBasis: 'day',
      prices: [fee(of(1000)), { key: 'seat', kind: 'recurring', model: 'per_unit', unitPrice: of(701) }],
    },
    calls: { interval: month, prices: [fee(of(500)), metered('calls', { model: 'per_unit', unitPrice: unit, freeUnits: '20' })] },
    nodes: { interval: month, prices: [metered('nodes', { model: 'per_unit', unitPrice: unit, freeConcurrent: '1' })] },
    tiers: {
      interval: month,
      minimumCommitment: of(150),
      prices: [
        metered('calls', {
          model: 'graduated',
          tiers: [
            { upTo: '50', unitPrice: unit, flatPrice: of(100) },
            { upTo: null, unitPrice: '0.005' },
          ],
        }),
      ],
    },
    trial: {
      interval: month,
      trialDays: 14,
      prices: [fee(of(4500), { billing: 'in_arrears' }), metered('peak', { model: 'per_unit', unitPrice: of(7) })],
    },
    yearly: { interval: { unit: 'year', count: 1 }, prices: [fee(of(36501))] },
    weekly: {
      interval: { unit: 'week', count: 1 },
      prices: [fee(of(900)), metered('peak', { model: 'package', packageSize: '3', packagePrice: of(50) })],
    },
    support: { interval: month, prices: [{ key: 'support', kind: 'recurring', model: 'flat', amount: of(251) }] },
  };
};

/** Those that a subscription of its own holds. */
export const PLANS = ['flat', 'seats', 'calls', 'nodes', 'tiers', 'trial', 'yearly', 'weekly', 'flat2'] as const;
export const ADD_ON = 'support';
export const TAXES = [[], ['vat'], ['gst'], ['reverse'], ['vat', 'city']] as const;
export const COUPONS = ['half', 'tenth'] as const;
const METERS = ['calls', 'nodes', 'peak'] as const;

/** The body of a plan in a currency; a later version costs more. */
export function planBody(name: string, currency: Currency, version = 1): object {
  const body = planBodies(currency)[name] as { readonly prices: readonly Record<string, unknown>[] };
  const dearer = ({ kind, amount, ...price }: Record<string, unknown>): object =>
    version > 1 && kind === 'recurring' && amount !== undefined
      ? { kind, ...price, amount: money(currency, 1000 * version + 1) }
      : { kind, ...price, ...(amount !== undefined && { amount }) };
  return { name, product: `product-${name}`, currency, ...body, prices: body.prices.map(dearer) };
}

/** Everything that is sold, and measured. */
export async function setUpCatalog(service: Service): Promise<void> {
  const taxes = { vat: ['0.20', 'S', false], gst: ['0.10', 'S', true], reverse: ['0', 'AE', false], city: ['0.0375', 'S', false] } as const;
  for (const [key, [rate, category, inclusive]] of Object.entries(taxes))
    must(await service.call('PUT', `/v2/tax-rates/${key}`, { name: key, rate, category, inclusive }));
  const definitions: Record<(typeof METERS)[number], object> = {
    calls: { eventType: 'call', aggregation: 'sum', value: 'n' },
    nodes: { eventType: 'node', aggregation: 'time_weighted', mode: 'level', unit: 'hour', resource: 'node', value: 'n' },
    peak: { eventType: 'call', aggregation: 'max', value: 'n' },
  };
  for (const key of METERS) must(await service.call('PUT', `/v2/meters/${key}`, { name: key, ...definitions[key] }));
  must(await service.call('PUT', '/v2/coupons/half', { percentOff: '50', duration: 'once' }));
  must(await service.call('PUT', '/v2/coupons/tenth', { percentOff: '10', duration: 'forever' }));
  for (const currency of CURRENCIES)
    must(
      await service.call('PUT', `/v2/coupons/off-${currency}`.toLowerCase(), {
        amountOff: money(currency, 301),
        currency,
        duration: 'repeating',
        periods: 3,
      }),
    );
  for (const currency of CURRENCIES)
    for (const name of [...PLANS, ADD_ON])
      must(await service.call('PUT', `/v2/plans/${planKey(name, currency)}`, planBody(name, currency)));
}

export const planKey = (name: string, currency: Currency): string => `${name}-${currency}`.toLowerCase();
export const couponOf = (currency: Currency): string => `off-${currency}`.toLowerCase();
