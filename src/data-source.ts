import 'reflect-metadata';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { migrations } from '../migrations/index.js';
import { Account } from './accounts/account.entity.js';
import { TaxRateRow } from './accounts/tax-rate.entity.js';
import { ApiKey } from './common/api-keys/api-key.entity.js';
import { AuditEntry } from './common/audit/audit-entry.entity.js';
import { PG_TYPES } from './common/database/pg-types.js';
import { SnakeNaming } from './common/database/snake-naming.js';
import { IdempotencyKey } from './common/http/idempotency-key.entity.js';
import { AccountingMapping } from './exports/mappings/accounting-mapping.entity.js';
import { AlertRow } from './invoices/alerts/alert.entity.js';
import { MeterRow } from './meters/meter.entity.js';
import { CouponRow } from './plans/coupon.entity.js';
import { Feature } from './plans/feature.entity.js';
import { DunningPolicyRow, DunningPolicyVersionRow } from './payments/dunning/dunning-policy.entity.js';
import { Plan, PlanVersionRow } from './plans/plan.entity.js';
import { Subscription, SubscriptionChange } from './subscriptions/subscription.entity.js';
import { WebhookEndpoint } from './webhooks/endpoints/webhook-endpoint.entity.js';

/** Every table that TypeORM knows. */
export const entities = [
  Account,
  AccountingMapping,
  AlertRow,
  ApiKey,
  AuditEntry,
  CouponRow,
  DunningPolicyRow,
  DunningPolicyVersionRow,
  Feature,
  IdempotencyKey,
  MeterRow,
  Plan,
  PlanVersionRow,
  Subscription,
  SubscriptionChange,
  TaxRateRow,
  WebhookEndpoint,
];

export interface DataSourceSettings {
  readonly url: string;
  readonly poolMax: number;
  /** Settings of each connection, as postgres takes them on its command line. */
  readonly session?: Readonly<Record<string, string>>;
}

export function dataSourceOptions({ url, poolMax, session = {} }: DataSourceSettings): DataSourceOptions {
  const settings = { timezone: 'UTC', default_transaction_isolation: 'read\\ committed', ...session };
  return {
    type: 'postgres',
    url,
    entities,
    migrations,
    synchronize: false,
    migrationsTransactionMode: 'each',
    namingStrategy: new SnakeNaming(),
    poolSize: poolMax,
    installExtensions: false,
    applicationName: 'wharfage',
    extra: {
      types: PG_TYPES,
      options: Object.entries(settings)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    },
  };
}

/** For TypeORM's command line, which takes a default export only. */
export default new DataSource(dataSourceOptions({ url: process.env['DATABASE_URL'] ?? 'postgres://localhost/none', poolMax: 2 }));
