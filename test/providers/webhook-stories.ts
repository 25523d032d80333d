import type { FakeProvider } from './fakes/fake-provider.js';
import { isCharge, type ThroughTheService } from './through-the-service.js';

/** What a provider tells of its own accord, told through the route that it is told by. */
export function tellsWebhookStories(service: () => ThroughTheService, fakeOf: () => FakeProvider): void {
  const listed = async (query: string): Promise<any[]> =>
    (await service().wharfage.ok('GET', `/v2/provider-events?provider=${fakeOf().name}&${query}`)).data as any[];

  test('a charge that takes its time is settled by what the provider tells: twice, late and in the wrong order', async () => {
    const fake = fakeOf();
    const { account, payment } = await service().owing(fake, fake.tokens.processing);
    await service().collect(payment);
    expect(await service().payments(account)).toMatchObject([{ state: 'pending' }]);
    const early = await fake.deliveries();
    fake.settle(`${payment}:1`);
    const late = await fake.deliveries();
    const statuses = await service().deliver(fake, [...late, ...late, ...early, ...late]);
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(await service().payments(account)).toMatchObject([{ state: 'pending' }]); // answered first, dealt with afterwards
    await service().processEvents();
    expect(await service().payments(account)).toMatchObject([{ state: 'succeeded' }]);
    expect(await listed('state=received')).toEqual([]);
    await service().agrees(fake);
  });

  test('nobody else is heard: what is altered, unsigned or given another time is refused, and nothing is kept of them', async () => {
    const fake = fakeOf();
    const { payment } = await service().owing(fake, fake.tokens.processing);
    await service().collect(payment);
    fake.settle(`${payment}:1`);
    const fresh = await fake.deliveries();
    const before = await listed('limit=200');
    const altered = fresh.map(({ body, headers }) => ({ body: `${body} `, headers }));
    const unsigned = fresh.map(({ body }) => ({ body, headers: {} }));
    const redated = fresh.map(({ body, headers }) => ({
      body,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace(/\d{10}/, '1700000000')])),
    }));
    for (const status of await service().deliver(fake, [...altered, ...unsigned, ...redated])) expect(status).toBe(401);
    expect(await listed('limit=200')).toEqual(before);
    await service().deliver(fake, fresh);
    await service().processEvents();
    await service().agrees(fake);
  });

  test('what nobody knows is parked, is seen, and is tried again once it may be known', async () => {
    const fake = fakeOf();
    const { account, payment } = await service().owing(fake, fake.tokens.processing);
    await service().collect(payment);
    fake.settle(`${payment}:1`);
    await service().deliver(fake);
    await service().sql(`update payment set id = id || 'x' where id = $1`, [payment]);
    await service().processEvents();
    const parked = await listed('state=parked');
    expect(parked.length).toBeGreaterThan(0);
    expect(parked[0]).toMatchObject({ state: 'parked', reason: expect.stringContaining('payment_not_found') as string });
    await service().sql(`update payment set id = $1 where id = $2`, [payment, `${payment}x`]);
    for (const { id } of parked) {
      const retried = await service().wharfage.ok('POST', `/v2/provider-events/${fake.name}/${String(id)}/retry`);
      expect(retried).toMatchObject({ state: 'received' });
    }
    await service().processEvents();
    expect(await listed('state=parked')).toEqual([]);
    expect(await service().payments(account)).toMatchObject([{ state: 'succeeded' }]);
  });

  test('a key that the provider has forgotten is looked up before it is sent again', async () => {
    const fake = fakeOf();
    const { account, payment } = await service().owing(fake, fake.tokens.ok);
    fake.fail('hang_after', isCharge(fake));
    await service().collect(payment);
    fake.advance(2 * fake.windowMs);
    const sent = fake.requests.filter(isCharge(fake)).length;
    await service().collect(payment);
    expect(fake.requests.filter(isCharge(fake))).toHaveLength(sent);
    expect(await service().payments(account)).toMatchObject([{ state: 'succeeded' }]);
    await service().agrees(fake);
  });
}
