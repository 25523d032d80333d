import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { Jobs } from '../../common/jobs/jobs.js';
import { CONFIG, type Config } from '../../config.js';
import { DAY, formatInstant } from '../../domain/instant.js';

const TASK = 'webhooks.retention';
const ROWS_MAX = 5_000;

/** What waits for an endpoint that is enabled stays. Relies on webhook_delivery_oldest. */
const FORGET = `
  with old as materialized (
    select d.account_id, d.id from webhook_delivery d left join webhook_endpoint e on e.id = d.endpoint_id
    where d.created_at < $1 and (d.state <> 'pending' or e.enabled is not true) order by d.created_at limit $2),
  deliveries as (delete from webhook_delivery d using old where d.account_id = old.account_id and d.id = old.id returning d.id),
  attempts as (delete from webhook_attempt a using old where a.account_id = old.account_id and a.delivery_id = old.id)
  select count(*) as n from deliveries`;

/** Forgets deliveries and their attempts once their time is over; events stay. */
@Injectable()
export class Retention implements OnModuleInit {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.everyDay(TASK, () => this.run());
  }

  async run(): Promise<void> {
    for (let forgotten = BigInt(ROWS_MAX); forgotten === BigInt(ROWS_MAX);) {
      const before = formatInstant(this.clock.now() - BigInt(this.config.webhookLogDays) * DAY);
      const [row] = await this.database.transaction((tx) => tx.query<{ n: bigint }[]>(FORGET, [before, ROWS_MAX]));
      forgotten = row?.n ?? 0n;
    }
  }
}
