import { type DynamicModule, Module, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type FastifyBaseLogger, LogController } from 'fastify';
import type { Logger } from 'pino';
import { AccountsModule } from './accounts/accounts.module.js';
import { CommonModule } from './common/common.module.js';
import { BodyRoom, boundBodies } from './common/http/body-room.js';
import { BODY_BYTES_MAX, registerBodies } from './common/http/bodies.js';
import { DirectRoutes } from './common/http/direct-routes.js';
import { answerProblem } from './common/http/problem.js';
import { registerContext, requestIdOf } from './common/http/request-hooks.js';
import { validation } from './common/http/validation.js';
import { createLog, NestLog } from './common/telemetry/logger.js';
import { measureRequests } from './common/telemetry/metrics.js';
import type { Config } from './config.js';
import { dataSourceOptions } from './data-source.js';
import { EntitlementsModule } from './entitlements/entitlements.module.js';
import { ExportsModule } from './exports/exports.module.js';
import { InvoicesModule } from './invoices/invoices.module.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { MetersModule } from './meters/meters.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { PlansModule } from './plans/plans.module.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';
import { UsageModule } from './usage/usage.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { V1Module } from './v1/v1.module.js';

/** The composition root: every module, and nothing else. */
@Module({})
export class AppModule {
  static forRoot(config: Config, log: Logger): DynamicModule {
    const database = dataSourceOptions({ url: config.databaseUrl ?? '', poolMax: config.databasePool });
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({ ...database, retryAttempts: 0 }),
        CommonModule.forRoot(config, log),
        AccountsModule,
        MetersModule,
        PlansModule,
        SubscriptionsModule,
        UsageModule,
        EntitlementsModule,
        LedgerModule,
        InvoicesModule,
        PaymentsModule,
        ExportsModule,
        WebhooksModule,
        V1Module,
      ],
    };
  }
}

/** The application as every entry point and every test sees it. `preview` builds it without instances, for its contract. */
export async function createApp(config: Config, { preview = false } = {}): Promise<NestFastifyApplication> {
  const log = createLog(config.logLevel);
  const adapter = new FastifyAdapter({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger: FastifyBaseLogger) => logger, // lines name their request themselves
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 0, // a stream of events may take its time
    routerOptions: { maxParamLength: 300 },
    genReqId: requestIdOf,
    frameworkErrors: answerProblem, // what is refused before there is a route
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, log), adapter, {
    logger: new NestLog(log),
    bodyParser: false,
    abortOnError: false,
    preview,
  });
  const fastify = adapter.getInstance();
  if (!preview) app.get(DirectRoutes).install(fastify);
  registerContext(fastify);
  registerBodies(fastify);
  if (!preview) boundBodies(fastify, app.get(BodyRoom));
  measureRequests(fastify);
  app.enableVersioning({ type: VersioningType.URI });
  app.useGlobalPipes(validation());
  return app;
}
