import type { TestApp } from './app.js';

/** The words of stories about usage that is reported, corrected and billed. */
export function meteredStory(app: () => TestApp): {
  readonly account: (key: string) => Promise<unknown>;
  readonly meter: (key: string, more: object) => Promise<any>;
  readonly plan: (key: string, meter: string, more?: object) => Promise<unknown>;
  readonly call: (id: string, subject: string, time: string, n: number | string, more?: object) => object;
  readonly eventId: (subject: string, id: string) => Promise<string>;
  readonly used: (meter: string, subject: string, from?: string, to?: string) => Promise<string | null>;
  /** In the order of their numbers: several may be issued while the clock stands still. */
  readonly invoices: (subject: string) => Promise<any[]>;
} {
  return {
    account: (key) => app().ok('PUT', `/v2/accounts/${key}`, { kind: 'user', name: key, currency: 'USD', timeZone: 'UTC' }),
    meter: (key, more) => app().ok('PUT', `/v2/meters/${key}`, { name: key, eventType: 'call', aggregation: 'sum', value: 'n', ...more }),
    plan: (key, meter, more = {}) =>
      app().ok('PUT', `/v2/plans/${key}`, {
        name: key,
        product: key,
        currency: 'USD',
        interval: { unit: 'month', count: 1 },
        prices: [{ key: 'calls', kind: 'metered', meter, model: 'per_unit', unitPrice: '1.00', ...more }],
      }),
    call: (id, subject, time, n, more = {}) => ({ id, source: 's', type: 'call', subject, time, data: { n, ...more } }),
    eventId: async (subject, id) => (await app().ok('GET', `/v2/usage/events?account=${subject}&source=s&id=${id}`)).data[0].eventId,
    used: async (meter, subject, from = '2025-01-01T00:00:00Z', to = '2027-01-01T00:00:00Z') =>
      (await app().ok('GET', `/v2/usage/query?meter=${meter}&account=${subject}&from=${from}&to=${to}`)).data[0].quantity,
    invoices: async (subject) =>
      (await app().ok('GET', `/v2/invoices?account=${subject}&limit=200`)).data.sort((a: any, b: any) => (a.number < b.number ? -1 : 1)),
  };
}
