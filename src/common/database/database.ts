import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import pg, { type Pool, type PoolClient } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../clock.js';
import { seenOutside } from './unavailable.js';

/** An open transaction. Services take it first, so that it shows which writes belong together. */
export type Tx = EntityManager;

/** A statement that is prepared once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Rows of one prepared statement within a transaction: TypeORM cannot name a statement. */
export async function prepared<Row extends object>(tx: Tx, { name, text, values }: Statement): Promise<Row[]> {
  const client = (await tx.queryRunner?.connect()) as PoolClient | undefined;
  if (!client) throw new RangeError('a prepared statement needs an open transaction');
  const { rows } = await client.query<Row>({ name, text, values: [...values] });
  return rows;
}

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const ATTEMPTS_MAX = 4;

const BESIDE_MAX = 2;

@Injectable()
export class Database implements OnApplicationShutdown {
  private besidePool: Pool | undefined;

  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly clock: Clock,
  ) {}

  /** For hot statements outside a transaction: TypeORM cannot name a statement. */
  get pool(): Pool {
    return (this.source.driver as unknown as { master: Pool }).master;
  }

  /**
   * Commits what `work` does, or nothing. Repeated where PostgreSQL chose this transaction to break a deadlock.
   * @throws DatabaseUnavailable: whether it was committed is not known
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    await this.clock.refresh();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.source.transaction(work); // read committed: so every connection is set
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !isTransient(error)) throw seenOutside(error);
      }
    }
  }

  /** What `read` asks is answered as of one moment, however long it takes. It changes nothing: the database refuses it. */
  async snapshot<T>(read: (tx: Tx) => Promise<T>): Promise<T> {
    await this.clock.refresh();
    return this.source.transaction('REPEATABLE READ', async (tx) => {
      await tx.query('set transaction read only');
      return await read(tx);
    });
  }

  /**
   * A short transaction of its own beside an open one, on connections that are kept for this: who holds one of the pool and waits for another
   * may wait for ever. What it does must not wait for the open one.
   */
  async beside<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    // a lost connection is opened anew; one that is lost at work fails the statement
    this.besidePool ??= new pg.Pool({ ...this.pool.options, max: BESIDE_MAX })
      .on('error', () => undefined)
      .on('connect', (client) => client.on('error', () => undefined));
    const client = await this.besidePool.connect().catch(thrownOutside);
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw seenOutside(error);
    } finally {
      client.release();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.besidePool?.end();
  }

  /** Rows of one prepared statement: for reads that must be quick. */
  async query<Row extends object>({ name, text, values }: Statement): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>({ name, text, values: [...values] }).catch(thrownOutside);
    return rows;
  }
}

function thrownOutside(error: unknown): never {
  throw seenOutside(error);
}

function isTransient(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}
