import { Providers } from '../../src/providers/providers.js';
import { TestApp } from '../support/app.js';
import { keepsTheContract } from './contract.js';
import { RecurlyFake } from './fakes/recurly-fake.js';
import { StripeFake } from './fakes/stripe-fake.js';

/**
 * What every provider must keep, whoever it is. Those of outside are driven through their own SDKs, against fakes that know their contracts; or against
 * themselves where there are keys of their sandboxes (docs/providers.md).
 */
const LIVE = { stripe: process.env['LIVE_STRIPE_KEY'] ?? '', recurly: process.env['LIVE_RECURLY_KEY'] ?? '' };

/** Tokens of Recurly.js are good for one use: each is taken once. */
const lists = Object.fromEntries(
  ['ok', 'declined', 'action'].map((kind) => [kind, (process.env[`LIVE_RECURLY_TOKENS_${kind.toUpperCase()}`] ?? '').split(',')]),
);
const taken = (kind: string): string => lists[kind]?.shift() ?? '';
const LIVE_RECURLY = {
  get ok() {
    return taken('ok');
  },
  get declined() {
    return taken('declined');
  },
  get action() {
    return taken('action');
  },
};

const SANDBOX = { ok: 'sandbox_ok', declined: 'sandbox_declined_soft', action: 'sandbox_requires_action' };

let wharfage: TestApp;
let stripe: StripeFake;
let recurly: RecurlyFake;
beforeAll(async () => {
  [stripe, recurly] = await Promise.all([StripeFake.start(), RecurlyFake.start()]);
  const stripeEnv = LIVE.stripe === '' ? stripe.env : { STRIPE_SECRET_KEY: LIVE.stripe };
  const recurlyEnv =
    LIVE.recurly === '' ? recurly.env : { RECURLY_API_KEY: LIVE.recurly, RECURLY_REGION: process.env['LIVE_RECURLY_REGION'] ?? 'us' };
  wharfage = await TestApp.start({ env: { ROLE: 'api', PROVIDER_TIMEOUT_MS: '20000', ...stripeEnv, ...recurlyEnv } });
}, 30_000);
afterEach(() => expect([...stripe.wrong, ...recurly.wrong]).toEqual([]));
afterAll(async () => {
  await wharfage.close();
  await Promise.all([stripe.close(), recurly.close()]);
});

describe.each(['sandbox', 'manual', 'stripe', 'recurly'])('the provider "%s" keeps the contract of the port', (name) => {
  keepsTheContract(() => ({
    port: wharfage.app.get(Providers).named(name),
    tokens: name === 'stripe' ? stripe.tokens : name === 'recurly' ? (LIVE.recurly === '' ? recurly.tokens : LIVE_RECURLY) : SANDBOX,
    currency: 'USD',
  }));
});
