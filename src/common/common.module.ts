import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import type { Logger } from 'pino';
import { CONFIG, type Config } from '../config.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { Encryption } from './api-keys/encryption.js';
import { KeyHashing } from './api-keys/key-hashing.js';
import { AuditController } from './audit/audit.controller.js';
import { Audit } from './audit/audit.service.js';
import { Checks } from './checks.js';
import { Clock } from './clock.js';
import { Database } from './database/database.js';
import { EventsController } from './events/events.controller.js';
import { Outbox } from './events/outbox.js';
import { Draining, HealthController } from './health/health.controller.js';
import { Hooks } from './hooks.js';
import { Admission } from './http/admission.js';
import { AuthGuard } from './http/auth.guard.js';
import { BodyRoom } from './http/body-room.js';
import { IdempotencyCleanup } from './http/idempotency-cleanup.js';
import { ProblemFilter } from './http/problem.js';
import { DirectRoutes } from './http/direct-routes.js';
import { HotReads } from './http/hot-reads.js';
import { RateLimiter } from './http/rate-limiter.js';
import { Writes } from './http/writes.js';
import { Jobs } from './jobs/jobs.js';
import { JobsController } from './jobs/jobs.controller.js';
import { DeliverMails } from './mail/deliver-mails.js';
import { MAIL_SENDER } from './mail/mail-sender.js';
import { Mails } from './mail/mails.js';
import { senderFor } from './mail/sends-mails.js';
import { LOG } from './telemetry/log-token.js';
import { TestClockController } from './test-clock.controller.js';

/** What every module may use. */
@Global()
@Module({})
export class CommonModule {
  static forRoot(config: Config, log: Logger): DynamicModule {
    return {
      module: CommonModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [ApiKeysController, AuditController, EventsController, HealthController, JobsController, TestClockController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOG, useValue: log },
        { provide: MAIL_SENDER, useFactory: () => senderFor(config) },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_GUARD, useClass: AuthGuard },
        Admission,
        ApiKeysService,
        Audit,
        BodyRoom,
        Checks,
        Clock,
        Database,
        DeliverMails,
        DirectRoutes,
        Draining,
        Encryption,
        Hooks,
        HotReads,
        IdempotencyCleanup,
        Jobs,
        KeyHashing,
        Mails,
        Outbox,
        RateLimiter,
        Writes,
      ],
      exports: [
        Admission,
        BodyRoom,
        CONFIG,
        LOG,
        ApiKeysService,
        Audit,
        Checks,
        Clock,
        Database,
        DirectRoutes,
        Encryption,
        Hooks,
        HotReads,
        Jobs,
        KeyHashing,
        Mails,
        Outbox,
        Writes,
      ],
    };
  }
}
