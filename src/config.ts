import { isAbsolute, resolve } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { type ProviderName, PROVIDERS } from './accounts/account-profile.js';

export const CONFIG = Symbol('CONFIG');

export interface Config {
  readonly databaseUrl: string | undefined;
  readonly databasePool: number;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly logLevel: string;
  readonly role: 'api' | 'worker' | 'all';
  readonly production: boolean;
  readonly testClock: boolean;
  readonly billingAuto: boolean;
  readonly billRunBatch: number;
  readonly usageGraceMinutes: number;
  readonly bootstrapKey: string | undefined;
  readonly keyHashSecret: string | undefined;
  readonly environment: string;
  readonly rateLimit: number;
  readonly v1Provider: ProviderName;
  readonly intakeBytesMax: number;
  readonly quarantineMax: number;
  readonly quarantineDays: number;
  readonly usageArchiveAfterMonths: number;
  readonly usageArchiveDir: string | undefined;
  readonly exportDays: number;
  readonly stripeSecretKey: string | undefined;
  readonly stripeWebhookSecrets: readonly string[];
  readonly stripeReturnUrl: string | undefined;
  readonly stripeApiBase: string | undefined;
  readonly recurlyApiKey: string | undefined;
  readonly recurlyWebhookSecrets: readonly string[];
  readonly recurlyRegion: 'us' | 'eu';
  readonly recurlyApiBase: string | undefined;
  readonly providerTimeoutMs: number;
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly webhookAllowPrivate: boolean;
  readonly webhookDisableAfterDays: number;
  readonly webhookLogDays: number;
}

interface Setting<Value> {
  readonly fallback: string;
  readonly meaning: string;
  /** The value, or what is wrong with the text. */
  readonly read: (text: string) => Value | Error;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

const oneOf =
  <Value extends string>(...values: readonly Value[]) =>
  (text: string): Value | Error =>
    values.find((value) => value === text) ?? new Error(`must be one of ${values.join(', ')}`);

const whole =
  (least: number, most: number) =>
  (text: string): number | Error =>
    /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most
      ? Number(text)
      : new Error(`must be a whole number from ${String(least)} to ${String(most)}`);

const onOff = (text: string): boolean | Error => (text === 'on' ? true : text === 'off' ? false : new Error('must be on or off'));

const optional =
  (check: (text: string) => boolean, problem: string) =>
  (text: string): string | undefined | Error =>
    text === '' ? undefined : check(text) ? text : new Error(problem);

/** Several, separated by commas, so that one can take the place of another. */
const secrets = (text: string): readonly string[] | Error => {
  const list = text.split(',').filter((secret) => secret !== '');
  return list.every((secret) => /^\S{8,200}$/.test(secret))
    ? list
    : new Error('must be secrets of at least 8 characters, separated by commas');
};

const url = optional((text) => /^https?:\/\/[^\s]+$/.test(text), 'must be an http:// or https:// URL');

/** Room for one body of the largest size. */
const INTAKE_BYTES_LEAST = 8 * 1024 * 1024;

/** Events that are read take up to eight times their bytes. */
export const intakeBytesFor = (heapBytes: number): number =>
  Math.min(64 * 1024 * 1024, Math.max(INTAKE_BYTES_LEAST, Math.floor(heapBytes / 16)));

const KEY_FORM = /^whf_[a-z0-9]{1,20}_[a-z0-9]{4,40}_[A-Za-z0-9]{20,200}$/;

/** Every setting there is: what the README lists, and what is read. */
export const SETTINGS: { readonly [Name in keyof typeof NAMES]: Setting<unknown> } = {
  DATABASE_URL: {
    fallback: '',
    meaning: 'PostgreSQL 15 or newer. Without it an embedded one is started in DATA_DIR, for trying out.',
    read: optional((text) => /^postgres(ql)?:\/\//.test(text), 'must be a postgres:// URL'),
  },
  DATABASE_POOL: { fallback: '10', meaning: 'Connections of one process.', read: whole(2, 500) },
  DATA_DIR: {
    fallback: '.data',
    meaning: 'Where the embedded PostgreSQL, the secrets of a first start and files of exports are kept.',
    read: (text) => (isAbsolute(text) ? text : resolve(text)),
  },
  HOST: { fallback: '0.0.0.0', meaning: 'The address to listen on.', read: (text) => text },
  PORT: { fallback: '3000', meaning: 'Where the API listens.', read: whole(0, 65_535) },
  METRICS_PORT: { fallback: '9464', meaning: 'Where Prometheus reads /metrics; 0 turns it off.', read: whole(0, 65_535) },
  LOG_LEVEL: { fallback: 'info', meaning: `${LOG_LEVELS.join(', ')}.`, read: oneOf(...LOG_LEVELS) },
  ROLE: {
    fallback: 'all',
    meaning: 'api answers requests, worker does scheduled work, all does both.',
    read: oneOf('api', 'worker', 'all'),
  },
  NODE_ENV: { fallback: 'development', meaning: 'production refuses what is only for trying out.', read: (text) => text === 'production' },
  TEST_CLOCK: { fallback: 'off', meaning: 'on: time stands still and is set through /v2/test-clock. Refused in production.', read: onOff },
  BILLING_AUTO: { fallback: 'on', meaning: 'off: nothing is billed but by POST /v2/bill-runs and the bill-run command.', read: onOff },
  BILL_RUN_BATCH: { fallback: '200', meaning: 'Accounts billed in one transaction.', read: whole(1, 5_000) },
  USAGE_GRACE_MINUTES: {
    fallback: '60',
    meaning: 'How long invoices with metered lines are drafts, and take usage that comes late, where their account says nothing.',
    read: whole(0, 4_320),
  },
  WHARFAGE_BOOTSTRAP_KEY: {
    fallback: '',
    meaning: "The administrator's first API key, instead of one made at the first start: whf_<environment>_<id>_<secret>.",
    read: optional(
      (text) => KEY_FORM.test(text),
      'must have the form whf_<environment>_<id>_<secret>, with a secret of at least 20 letters and digits',
    ),
  },
  KEY_HASH_SECRET: {
    fallback: '',
    meaning:
      'Keys the hashes of API keys and encrypts the secrets of webhooks: at least 32 characters, the same for all processes. Without it one is made in DATA_DIR.',
    read: optional((text) => text.length >= 32, 'must have at least 32 characters'),
  },
  ENVIRONMENT: {
    fallback: 'local',
    meaning: 'Stands in the API keys made here.',
    read: (text) => (/^[a-z0-9]{1,20}$/.test(text) ? text : new Error('must be 1 to 20 of a-z and 0-9')),
  },
  V1_PROVIDER: {
    fallback: 'sandbox',
    meaning: `Who collects for accounts that come through /v1: ${PROVIDERS.join(' or ')}. Production needs it, and not as sandbox.`,
    read: oneOf(...PROVIDERS),
  },
  RATE_LIMIT: { fallback: '0', meaning: 'Requests a second and key in one process; 0 is without limit.', read: whole(0, 1_000_000) },
  INTAKE_BYTES_MAX: {
    fallback: '',
    meaning: 'Bytes of usage events in memory at once, from 8 MiB on; more is a 503. By default 1/16 of the heap, at most 64 MiB.',
    read: (text) => (text === '' ? intakeBytesFor(getHeapStatistics().heap_size_limit) : whole(INTAKE_BYTES_LEAST, 999_999_999)(text)),
  },
  QUARANTINE_MAX: {
    fallback: '1000000',
    meaning: 'How many rejected usage events are kept; beyond them they are still rejected, and not kept.',
    read: whole(0, 100_000_000),
  },
  QUARANTINE_DAYS: { fallback: '90', meaning: 'How long a rejected usage event is kept.', read: whole(1, 3_650) },
  USAGE_ARCHIVE_AFTER_MONTHS: {
    fallback: '0',
    meaning: 'Months that ended that long ago are archived by themselves, from 2 on, once no bill needs their events; 0 archives nothing.',
    read: (text) => (text === '1' ? new Error('must be 0, or 2 or more') : whole(0, 1_200)(text)),
  },
  USAGE_ARCHIVE_DIR: {
    fallback: '',
    meaning: 'Where archived events are kept, the same files for all workers. Without it usage-archive in DATA_DIR.',
    read: (text) => (text === '' ? undefined : isAbsolute(text) ? text : resolve(text)),
  },
  EXPORT_DAYS: {
    fallback: '7',
    meaning: 'How long the file of an export in the background is kept, in DATA_DIR/exports.',
    read: whole(1, 3_650),
  },
  STRIPE_SECRET_KEY: {
    fallback: '',
    meaning: 'The secret or restricted key of a Stripe account. Accounts can have the provider stripe once it is set.',
    read: optional((text) => /^[sr]k_\S{8,300}$/.test(text), 'must be a secret key (sk_...) or a restricted one (rk_...)'),
  },
  STRIPE_WEBHOOK_SECRET: {
    fallback: '',
    meaning: 'What Stripe signs its webhooks with (whsec_...); several, separated by commas, while one is being replaced.',
    read: secrets,
  },
  STRIPE_RETURN_URL: {
    fallback: '',
    meaning:
      "Where Stripe's page sends a customer who has added a payment method. Without it there is no page, but a secret for Stripe.js.",
    read: url,
  },
  STRIPE_API_BASE: { fallback: '', meaning: 'Another address of the Stripe API, for tests. Refused in production.', read: url },
  RECURLY_API_KEY: {
    fallback: '',
    meaning: 'The private API key of a Recurly site. Accounts can have the provider recurly once it is set.',
    read: optional((text) => /^\S{8,200}$/.test(text), 'must have at least 8 characters'),
  },
  RECURLY_WEBHOOK_SECRET: {
    fallback: '',
    meaning: 'What Recurly signs its webhooks with; several, separated by commas, while one is being replaced.',
    read: secrets,
  },
  RECURLY_REGION: { fallback: 'us', meaning: "Where the Recurly site's data are: us or eu.", read: oneOf('us', 'eu') },
  RECURLY_API_BASE: { fallback: '', meaning: 'Another address of the Recurly API, for tests. Refused in production.', read: url },
  PROVIDER_TIMEOUT_MS: {
    fallback: '20000',
    meaning: 'How long a payment provider may take to answer, in milliseconds.',
    read: whole(50, 120_000),
  },
  SMTP_URL: {
    fallback: '',
    meaning:
      'Who takes mails: smtp(s)://user:password@host:port. Without it they are written to DATA_DIR/mail; in production none is sent.',
    read: optional((text) => /^smtps?:\/\//.test(text), 'must be an smtp:// or smtps:// URL'),
  },
  MAIL_FROM: {
    fallback: 'Billing <billing@localhost>',
    meaning: 'Who mails come from: an address, or a name with the address in <>.',
    read: (text) =>
      /^[^<>@\r\n]+@[^<>@\s]+$|^[^<>\r\n]*<[^<>@\s]+@[^<>@\s]+>$/.test(text) ? text : new Error('must be an e-mail address'),
  },
  WEBHOOK_ALLOW_PRIVATE: {
    fallback: 'off',
    meaning: 'on: webhooks may go to private addresses, and over http: for development, or where every endpoint is your own.',
    read: onOff,
  },
  WEBHOOK_DISABLE_AFTER_DAYS: {
    fallback: '5',
    meaning: 'An endpoint that has only failed for so long is disabled.',
    read: whole(1, 365),
  },
  WEBHOOK_LOG_DAYS: { fallback: '30', meaning: 'How long deliveries of webhooks are kept once they ended.', read: whole(1, 3_650) },
};

const NAMES = {
  DATABASE_URL: 'databaseUrl',
  DATABASE_POOL: 'databasePool',
  DATA_DIR: 'dataDir',
  HOST: 'host',
  PORT: 'port',
  METRICS_PORT: 'metricsPort',
  LOG_LEVEL: 'logLevel',
  ROLE: 'role',
  NODE_ENV: 'production',
  TEST_CLOCK: 'testClock',
  BILLING_AUTO: 'billingAuto',
  BILL_RUN_BATCH: 'billRunBatch',
  USAGE_GRACE_MINUTES: 'usageGraceMinutes',
  WHARFAGE_BOOTSTRAP_KEY: 'bootstrapKey',
  KEY_HASH_SECRET: 'keyHashSecret',
  ENVIRONMENT: 'environment',
  V1_PROVIDER: 'v1Provider',
  RATE_LIMIT: 'rateLimit',
  INTAKE_BYTES_MAX: 'intakeBytesMax',
  QUARANTINE_MAX: 'quarantineMax',
  QUARANTINE_DAYS: 'quarantineDays',
  USAGE_ARCHIVE_AFTER_MONTHS: 'usageArchiveAfterMonths',
  USAGE_ARCHIVE_DIR: 'usageArchiveDir',
  EXPORT_DAYS: 'exportDays',
  STRIPE_SECRET_KEY: 'stripeSecretKey',
  STRIPE_WEBHOOK_SECRET: 'stripeWebhookSecrets',
  STRIPE_RETURN_URL: 'stripeReturnUrl',
  STRIPE_API_BASE: 'stripeApiBase',
  RECURLY_API_KEY: 'recurlyApiKey',
  RECURLY_WEBHOOK_SECRET: 'recurlyWebhookSecrets',
  RECURLY_REGION: 'recurlyRegion',
  RECURLY_API_BASE: 'recurlyApiBase',
  PROVIDER_TIMEOUT_MS: 'providerTimeoutMs',
  SMTP_URL: 'smtpUrl',
  MAIL_FROM: 'mailFrom',
  WEBHOOK_ALLOW_PRIVATE: 'webhookAllowPrivate',
  WEBHOOK_DISABLE_AFTER_DAYS: 'webhookDisableAfterDays',
  WEBHOOK_LOG_DAYS: 'webhookLogDays',
} as const satisfies Record<string, keyof Config>;

/** Settings that cannot be: all that is wrong, at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * The only reader of the environment.
 * @throws ConfigError
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = [];
  const values = Object.entries(SETTINGS).map(([name, { fallback, read }]) => {
    const text = env[name];
    const value = read(text === undefined || text === '' ? fallback : text);
    if (value instanceof Error) problems.push(`${name} ${value.message}.`);
    return [NAMES[name as keyof typeof NAMES], value];
  });
  const config = Object.fromEntries(values) as Config;
  if (config.production && config.v1Provider === 'sandbox')
    problems.push('V1_PROVIDER cannot be sandbox in production, where it moves no money: name who collects for accounts of /v1.');
  if (config.production && config.testClock) problems.push('TEST_CLOCK cannot be on in production: turn it off.');
  if (config.production && config.databaseUrl !== undefined && config.keyHashSecret === undefined)
    problems.push('KEY_HASH_SECRET is needed in production.');
  problems.push(...providerProblems(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Whether a provider may be given to accounts: those of outside need a key. */
export const isConfigured = ({ stripeSecretKey, recurlyApiKey }: Config, provider: string): boolean =>
  provider === 'stripe' ? stripeSecretKey !== undefined : provider === 'recurly' ? recurlyApiKey !== undefined : true;

function providerProblems(config: Config): string[] {
  const { production, v1Provider, stripeApiBase, recurlyApiBase } = config;
  const problems: string[] = [];
  if (!isConfigured(config, v1Provider))
    problems.push(`V1_PROVIDER cannot be ${v1Provider} without ${v1Provider === 'stripe' ? 'STRIPE_SECRET_KEY' : 'RECURLY_API_KEY'}.`);
  if (production && stripeApiBase !== undefined) problems.push('STRIPE_API_BASE cannot be set in production: it is for tests.');
  if (production && recurlyApiBase !== undefined) problems.push('RECURLY_API_BASE cannot be set in production: it is for tests.');
  for (const provider of ['stripe', 'recurly'] as const)
    if (production && isConfigured(config, provider) && config[`${provider}WebhookSecrets`].length === 0)
      problems.push(
        `${provider.toUpperCase()}_WEBHOOK_SECRET is needed in production: without it nothing is heard of charges that take their time.`,
      );
  return problems;
}
