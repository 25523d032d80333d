import { migrate, migrateDown } from '../../src/migrate.js';
import { TestApp } from '../support/app.js';
import { balances } from '../support/books.js';
import { differences } from '../support/story.js';

test('what was issued before revenue was recognized by line is recognized from then on, as it was posted', async () => {
  const wharfage = await TestApp.start({ now: '2026-01-01T00:00:00Z', env: { ROLE: 'api' } });
  try {
    await wharfage.ok('PUT', '/v2/tax-rates/vat', { name: 'VAT', rate: '0.20', inclusive: true });
    await wharfage.ok('PUT', '/v2/coupons/half', { percentOff: '50', duration: 'forever' });
    await wharfage.ok('PUT', '/v2/plans/flat', {
      name: 'Flat',
      product: 'flat',
      currency: 'USD',
      interval: { unit: 'month', count: 1 },
      prices: ['a', 'b', 'c'].map((key) => ({ key, kind: 'recurring', model: 'flat', amount: '31.01' })),
    });
    await wharfage.ok('PUT', '/v2/accounts/acme', { kind: 'user', name: 'A', currency: 'USD', timeZone: 'Asia/Tokyo', taxRates: ['vat'] });
    await wharfage.ok('POST', '/v2/subscriptions', { account: 'acme', plan: 'flat', coupon: 'half' });
    const deferred = (await balances(wharfage))['deferred_revenue'];
    expect(deferred).toBe('-38.76'); // (93.03 - 46.52) / 1.2
    await migrateDown(wharfage.url);
    await migrate(wharfage.url);
    const lines = await wharfage.source.query('select amount_minor, method, days from revenue_line order by amount_minor');
    expect(lines.map((line: any) => [line.amount_minor, line.method, line.days])).toEqual([
      [1292n, 'daily', 31],
      [1292n, 'daily', 31],
      [1292n, 'daily', 31],
    ]);
    expect(await balances(wharfage)).toMatchObject({ deferred_revenue: deferred });
    await wharfage.travel('2026-02-15T00:00:00Z');
    expect(await differences(wharfage)).toEqual([]);
  } finally {
    await wharfage.close();
  }
}, 60_000);
