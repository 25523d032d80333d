import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { Clock, type TimeTraveller } from '../../common/clock.js';
import { Database } from '../../common/database/database.js';
import { newRequestId } from '../../common/ids.js';
import { LOG } from '../../common/telemetry/log-token.js';
import { CONFIG, type Config } from '../../config.js';
import { formatInstant, type Instant, SECOND } from '../../domain/instant.js';
import { ClaimDeliveries, type ClaimedDelivery } from './claim-deliveries.js';
import { FanOut } from './fan-out.js';
import { type Answer, post } from './post.js';
import { RecordAttempt } from './record-attempt.js';
import { signedHeaders } from './sign.js';

const TIMEOUT_MS = 15_000;
const POLL_MS = 1_000;

/** Deliveries under way at once in one process. They wait for others most of the time, and hold no connection to the database meanwhile. */
const UNDER_WAY_MAX = 64;

/** Nothing is sent without a signature. */
const UNSIGNED: Answer = {
  status: null,
  durationMs: 0,
  failure: "None of the endpoint's secrets can be read, as KEY_HASH_SECRET is another: rotate its secret.",
  excerpt: '',
};

const NEXT_DUE = `
  select min(d.due_at) as at from webhook_endpoint e join webhook_delivery d on d.endpoint_id = e.id and d.state = 'pending'
  where e.enabled and d.due_at > $1`;

/**
 * Sends what is due, in processes whose role is worker or all: looked for every second, whenever one ends, and when test time passes.
 * It has a queue of its own, since a slow endpoint would take a place of the job queue from everything else.
 */
@Injectable()
export class Deliver implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, TimeTraveller {
  private readonly claim = newRequestId();
  private readonly stopping = new AbortController();
  private readonly underWay = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<void> | undefined;
  private lastBegun: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Logger,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly fanOut: FanOut,
    private readonly claiming: ClaimDeliveries,
    private readonly recording: RecordAttempt,
  ) {}

  onModuleInit(): void {
    this.clock.register(this);
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.timer = setInterval(() => this.look(), POLL_MS).unref();
  }

  /** What is under way is given up, and sent again later. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.turn;
    await Promise.all(this.underWay);
    await this.recording.release(this.claim);
  }

  async nextDue(after: Instant): Promise<Instant | undefined> {
    const [row] = await this.database.query<{ at: Instant | null }>({
      name: 'webhook_due',
      text: NEXT_DUE,
      values: [formatInstant(after)],
    });
    return row?.at ?? undefined;
  }

  /** All that is due has been tried before it returns. */
  async runDue(): Promise<void> {
    while ((await this.begin()) > 0 || this.underWay.size > 0) {
      if (this.underWay.size > 0) await Promise.race(this.underWay);
    }
  }

  /** One turn at a time; the next one comes within a second. No turn waits for what is under way. */
  private look(): void {
    if (this.timer === undefined || this.stopping.signal.aborted) return;
    this.turn ??= this.begin()
      .then(() => undefined)
      .catch((err: unknown) => this.log.error({ err }, 'webhooks could not be looked for; it is tried again within a second'))
      .finally(() => (this.turn = undefined));
  }

  /** One after the other, so that whoever waits for what is under way misses nothing that another is about to begin. */
  private begin(): Promise<number> {
    const begun = this.lastBegun.then(() => this.beginSome());
    this.lastBegun = begun.catch(() => undefined);
    return begun;
  }

  /** Begins as many deliveries as there is room for. */
  private async beginSome(): Promise<number> {
    await this.fanOut.run();
    const room = UNDER_WAY_MAX - this.underWay.size;
    if (room <= 0) return 0;
    const claimed = await this.claiming.run(this.claim, room);
    for (const delivery of claimed) {
      const sending = this.send(delivery)
        .catch((err: unknown) =>
          this.log.error({ err, delivery: delivery.id }, 'what became of a webhook could not be noted; it is sent again'),
        )
        .finally(() => {
          this.underWay.delete(sending);
          this.look();
        });
      this.underWay.add(sending);
    }
    return claimed.length;
  }

  private async send(delivery: ClaimedDelivery): Promise<void> {
    const answer = delivery.secrets.length === 0 ? UNSIGNED : await this.post(delivery);
    if (!this.stopping.signal.aborted) await this.recording.run(this.claim, delivery, answer);
  }

  private post({ eventId, body, secrets, url }: ClaimedDelivery): Promise<Answer> {
    const timestamp = this.clock.now() / SECOND;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Wharfage',
      ...signedHeaders({ id: eventId, timestamp, body }, secrets),
    };
    const limits = { allowPrivate: this.config.webhookAllowPrivate, timeoutMs: TIMEOUT_MS, signal: this.stopping.signal };
    return post({ url, headers, body }, limits);
  }
}
