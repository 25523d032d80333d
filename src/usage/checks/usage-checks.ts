import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Checks, type CheckScope, type Difference } from '../../common/checks.js';
import type { Tx } from '../../common/database/database.js';
import { MetersService } from '../../meters/meters.service.js';
import { eventsCheck } from './events-check.js';
import { rollupDifferences } from './rollup-checks.js';

/** What `wharfage verify --usage` looks at. */
@Injectable()
export class UsageChecks implements OnModuleInit {
  constructor(
    private readonly checks: Checks,
    private readonly meters: MetersService,
  ) {}

  onModuleInit(): void {
    this.checks.add(eventsCheck, { name: 'rollups', group: 'usage', narrows: true, run: (tx, scope) => this.rollups(tx, scope) });
  }

  /** Not of meters that are still counting what was there before them. */
  private async *rollups(tx: Tx, scope: CheckScope): AsyncGenerator<Difference> {
    for (const meter of await this.meters.all(tx)) if (!meter.filling) yield* rollupDifferences(tx, meter, scope);
  }
}
