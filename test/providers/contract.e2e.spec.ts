import { Providers } from '../../src/providers/providers.js';
import { TestApp } from '../support/app.js';
import { keepsTheContract } from './contract.js';
import { RecurlyFake } from './fakes/recurly-fake.js';
import { StripeFake } from './fakes/stripe-fake.js';

/** What every provider must keep, whoever it is: those of outside are driven through their own SDKs, against fakes that know their contracts. */

const SANDBOX = { ok: 'sandbox_ok', declined: 'sandbox_declined_soft', action: 'sandbox_requires_action' };

let wharfage: TestApp;
let stripe: StripeFake;
let recurly: RecurlyFake;
beforeAll(async () => {
  [stripe, recurly] = await Promise.all([StripeFake.start(), RecurlyFake.start()]);
  wharfage = await TestApp.start({ env: { ROLE: 'api', PROVIDER_TIMEOUT_MS: '5000', ...stripe.env, ...recurly.env } });
}, 30_000);
afterEach(() => expect([...stripe.wrong, ...recurly.wrong]).toEqual([]));
afterAll(async () => {
  await wharfage.close();
  await Promise.all([stripe.close(), recurly.close()]);
});

describe.each(['sandbox', 'manual', 'stripe', 'recurly'])('the provider "%s" keeps the contract of the port', (name) => {
  keepsTheContract(() => ({
    port: wharfage.app.get(Providers).named(name),
    tokens: name === 'stripe' ? stripe.tokens : name === 'recurly' ? recurly.tokens : SANDBOX,
    currency: 'USD',
  }));
});
