import { Controller, Get, Injectable, type OnModuleDestroy, ServiceUnavailableException, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TypeOrmHealthIndicator } from '@nestjs/terminus';
import { Public } from '../http/scopes.js';

const DATABASE_TIMEOUT_MS = 1_000;

/** Set as soon as the process is told to stop. */
@Injectable()
export class Draining implements OnModuleDestroy {
  now = false;

  onModuleDestroy(): void {
    this.now = true;
  }
}

@ApiExcludeController()
@Public()
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: TypeOrmHealthIndicator,
    private readonly draining: Draining,
  ) {}

  /** Whether the process runs. */
  @Get('live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** Whether it can answer: the database does, and it is not about to stop. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    if (this.draining.now) throw new ServiceUnavailableException('The process is about to stop.');
    return this.health.check([() => this.database.pingCheck('database', { timeout: DATABASE_TIMEOUT_MS })]);
  }
}
