import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { formatInstant, type Instant } from '../domain/instant.js';

/** Something that has work at known instants, and must do it when the test clock passes them. */
export interface TimeTraveller {
  /** The first instant after `after` at which it has something to do. */
  nextDue(after: Instant): Promise<Instant | undefined>;
  /** Does all that is due at the clock's time. */
  runDue(): Promise<void>;
}

/**
 * The only reader of time. With a test clock, the whole service's time stands still where it was set: it is kept in the database, and
 * read anew at the start of each request, job and transaction, so that every process lives at the same instant.
 */
@Injectable()
export class Clock {
  readonly travellers: TimeTraveller[] = [];
  private standsAt: Instant | undefined;
  private begun = 0;
  private read = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectDataSource() private readonly source: DataSource,
  ) {}

  get isTestClock(): boolean {
    return this.config.testClock;
  }

  now(): Instant {
    return this.standsAt ?? this.wall();
  }

  /** The time out there, also where a test clock stands still: what others sign and date bears it. */
  wall(): Instant {
    return BigInt(Date.now()) * 1000n;
  }

  /** Takes part in the passing of test time. */
  register(traveller: TimeTraveller): void {
    this.travellers.push(traveller);
  }

  /** Reads where a test clock stands; nothing to do for real time. Of several readings at once the one begun last counts. */
  async refresh(): Promise<void> {
    if (!this.isTestClock) return;
    const reading = (this.begun += 1);
    const at = (await this.stored()) ?? (await this.stop());
    if (reading < this.read) return;
    this.read = reading;
    this.standsAt = at;
  }

  private async stored(): Promise<Instant | undefined> {
    const rows = await this.source.query<{ now_at: Instant }[]>('select now_at from test_clock');
    return rows[0]?.now_at;
  }

  /** A test clock that was never set stands where it was first looked at. */
  private async stop(): Promise<Instant | undefined> {
    const at = formatInstant(BigInt(Date.now()) * 1000n);
    await this.source.query('insert into test_clock (id, now_at) values (true, $1) on conflict do nothing', [at]);
    return this.stored();
  }

  /** Sets a test clock, wherever it stood: where a story begins. */
  async set(at: Instant, text: string): Promise<void> {
    await this.source.query(
      'insert into test_clock (id, now_at) values (true, $1) on conflict (id) do update set now_at = excluded.now_at',
      [text],
    );
    this.read = this.begun += 1;
    this.standsAt = at;
  }

  /** Moves a test clock forwards in the caller's transaction; to be read anew once that is committed. Of several at once the furthest counts. */
  async move(tx: Pick<EntityManager, 'query'>, at: Instant): Promise<void> {
    await tx.query(
      `insert into test_clock as c (id, now_at) values (true, $1)
       on conflict (id) do update set now_at = greatest(c.now_at, excluded.now_at)`,
      [formatInstant(at)],
    );
  }
}
