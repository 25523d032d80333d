import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, type TimeTraveller } from '../common/clock.js';
import { Database, type Tx } from '../common/database/database.js';
import { Jobs } from '../common/jobs/jobs.js';
import { bookDay, lastInstantOf } from '../domain/books.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import { recognitionEntry } from '../domain/ledger.js';
import { holdBooks } from './books-lock.js';
import { LedgerService } from './ledger.service.js';
import { recognizedSql } from './revenue-lines.js';

const TASK = 'ledger.recognition';
const DAYS_AT_ONCE = 31;

/** Entries of nobody's account in particular: those of the seller's books as a whole. */
export const NO_ACCOUNT = '00000000-0000-0000-0000-000000000000';

interface Progress {
  readonly recognizedThrough: number | null;
  readonly postedThrough: number | null;
}

export interface RecognizedDay {
  readonly seller: string;
  readonly currency: string;
  readonly day: number;
  readonly amountMinor: bigint;
}

const PROGRESS = 'select recognized_through as "recognizedThrough", posted_through as "postedThrough" from revenue_progress';

/* Without anything to recognize there is no day to be over. */
const ADVANCE = `
  update revenue_progress set recognized_through = $1
  where (recognized_through is null or recognized_through < $1) and exists (select from revenue_line where method = 'daily')`;

/* Relies on revenue_line_deferred: only lines that are not recognized in full before the day are read. */
const RECOGNIZED = `
  select r.seller, r.currency, d.day, sum(${recognizedSql('d.day')} - ${recognizedSql('(d.day - 1)')})::bigint as "amountMinor"
  from generate_series($1::integer, $2::integer) as d(day)
  join revenue_line r on r.method = 'daily' and r.last_day >= d.day and r.from_day <= d.day
  group by r.seller, r.currency, d.day
  having sum(${recognizedSql('d.day')} - ${recognizedSql('(d.day - 1)')}) <> 0
  order by d.day, r.seller, r.currency`;

/** What each of the days recognizes of deferred revenue. */
export const recognizedOn = (tx: Tx, firstDay: number, lastDay: number): Promise<RecognizedDay[]> =>
  tx.query<RecognizedDay[]>(RECOGNIZED, [firstDay, lastDay]);

/** The identity of the entry of a day: posted once, whoever tries. */
export const recognitionOf = ({ seller, currency, day }: Pick<RecognizedDay, 'seller' | 'currency' | 'day'>): string =>
  `${seller} ${currency} ${formatInstant(lastInstantOf(day)).slice(0, 10)}`;

/**
 * Deferred revenue becomes revenue when a day is over: one entry for each seller and currency, at the day's last instant, whatever the number of
 * accounts; what each line gives to it follows from revenue_line.
 *
 * First the day is declared over, while nobody bills: what is billed later is made up for on the next day. Then the days that are over are posted.
 * Killed in between, it goes on with the day after the last one posted.
 */
@Injectable()
export class Recognition implements OnModuleInit, TimeTraveller {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly ledger: LedgerService,
  ) {}

  onModuleInit(): void {
    this.jobs.everyMinute(TASK, () => this.runDue());
    this.clock.register(this);
  }

  /** Test time need not stop for it: days that were passed are posted where they belong. */
  nextDue(): Promise<Instant | undefined> {
    return Promise.resolve(undefined);
  }

  /** Recognizes every day that is over by the clock. @throws Refusal `books_busy` */
  async runDue(): Promise<void> {
    const day = bookDay(this.clock.now()) - 1;
    const [progress] = await this.database.query<Progress>({ name: 'recognition_progress', text: PROGRESS, values: [] });
    if ((progress?.recognizedThrough ?? -Infinity) < day) await this.database.transaction((tx) => this.advance(tx, day));
    else if (progress?.postedThrough === progress?.recognizedThrough) return;
    while (await this.database.transaction((tx) => this.postNext(tx)));
  }

  private async advance(tx: Tx, day: number): Promise<void> {
    await holdBooks(tx);
    await tx.query(ADVANCE, [day]);
  }

  /** Some days in a transaction; answers whether there may be more. */
  private async postNext(tx: Tx): Promise<boolean> {
    const [progress] = await tx.query<Progress[]>(`${PROGRESS} for update`);
    const { recognizedThrough, postedThrough } = progress ?? { recognizedThrough: null, postedThrough: null };
    if (recognizedThrough === null || postedThrough === recognizedThrough) return false;
    const firstDay = postedThrough === null ? await firstDayOf(tx, recognizedThrough) : postedThrough + 1;
    const lastDay = Math.min(firstDay + DAYS_AT_ONCE - 1, recognizedThrough);
    const days = await recognizedOn(tx, firstDay, lastDay);
    await this.ledger.post(
      tx,
      days.map(({ seller, currency, day, amountMinor }) => ({
        accountId: NO_ACCOUNT,
        at: lastInstantOf(day),
        causeKind: 'recognition',
        causeId: recognitionOf({ seller, currency, day }),
        seller,
        entry: recognitionEntry(amountMinor, currency),
      })),
    );
    await tx.query('update revenue_progress set posted_through = $1', [lastDay]);
    return lastDay < recognizedThrough;
  }
}

/** Of what was ever deferred; the last day that is over where all of that lies ahead. */
async function firstDayOf(tx: Tx, recognizedThrough: number): Promise<number> {
  const [first] = await tx.query<{ day: number }[]>(`select least(min(from_day), $1) as day from revenue_line where method = 'daily'`, [
    recognizedThrough,
  ]);
  return first?.day ?? recognizedThrough;
}
