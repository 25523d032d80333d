import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DAY, formatInstant } from '../../domain/instant.js';
import { type FieldProblem, Refusal, type RefusalKind } from '../../domain/refusal.js';
import { Clock } from '../clock.js';
import { Database, type Tx } from '../database/database.js';
import type { Call } from './call.js';
import { IdempotencyKey, type StoredAnswer } from './idempotency-key.entity.js';

const KEPT = 30n * DAY;
const KEY_LENGTH_MAX = 255;

/** Refusals that say "not now": the same request may fare otherwise a moment later, so they are not kept. */
const NOT_KEPT: ReadonlySet<RefusalKind> = new Set(['conflict', 'unavailable']);

/** How every route writes: in one transaction, and with an idempotency key once. */
@Injectable()
export class Writes {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** One transaction: for requests that are idempotent by themselves. */
  run<T>(_call: Call, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  /**
   * One transaction, and its answer stored in it under the caller's Idempotency-Key: the same request again gets the same answer.
   * A refusal undoes the work and is stored too.
   * @throws Refusal `idempotency_key_required`, `idempotency_key_invalid`, `idempotency_key_reused`, `idempotency_in_progress`
   */
  async once<T>(call: Call, work: (tx: Tx) => Promise<T>, { keyRequired = true }: { readonly keyRequired?: boolean } = {}): Promise<T> {
    const key = call.idempotencyKey;
    if (key === undefined) {
      if (keyRequired)
        throw new Refusal(
          'invalid',
          'idempotency_key_required',
          'Send an Idempotency-Key header: a text of your choice, new for each act, the same when you repeat one.',
        );
      return this.database.transaction(work);
    }
    if (key.length === 0 || key.length > KEY_LENGTH_MAX)
      throw new Refusal('invalid', 'idempotency_key_invalid', `An Idempotency-Key has 1 to ${String(KEY_LENGTH_MAX)} characters.`);
    const answer = await this.database.transaction((tx) => this.answerOf(tx, { call, key, work }));
    if ('value' in answer) return answer.value as T;
    const { kind, code, detail, problems } = answer.refusal;
    throw new Refusal(kind as RefusalKind, code, detail, problems as FieldProblem[]);
  }

  /**
   * As `once`, for what is shown one time: of the answer only the id is stored, and the same request again is told of it.
   * @throws Refusal `already_done`, and as `once` does
   */
  async onceShown<T extends { readonly id: string }>(call: Call, work: (tx: Tx) => Promise<T>): Promise<T> {
    const shown: T[] = [];
    const { id } = await this.once(call, async (tx) => {
      const made = await work(tx);
      shown.push(made);
      return { id: made.id };
    });
    const [made] = shown;
    if (made) return made;
    throw new Refusal(
      'conflict',
      'already_done',
      `This request was answered before: it made ${id}, whose secret was shown then and is not kept. Revoke that one and make another, under a new Idempotency-Key.`,
    );
  }

  private async answerOf<T>(tx: Tx, { call, key, work }: { call: Call; key: string; work: (tx: Tx) => Promise<T> }): Promise<StoredAnswer> {
    const identity = { actor: `${call.actor.kind}:${call.actor.id}`, key };
    const request = requestHash(call);
    await lock(tx, identity);
    const known = await tx.getRepository(IdempotencyKey).findOneBy(identity);
    if (known && known.expiresAt > this.clock.now()) {
      if (known.request !== request)
        throw new Refusal(
          'unprocessable',
          'idempotency_key_reused',
          'This Idempotency-Key was used for another request: choose a new one for each act.',
        );
      call.replayed();
      return known.answer;
    }
    const answer = await attempt(tx, work);
    const expiresAt = this.clock.now() + KEPT;
    await tx.query(
      `insert into idempotency_key (actor, key, request, answer, expires_at) values ($1, $2, $3, $4, $5)
       on conflict (actor, key) do update set request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at`,
      [identity.actor, key, request, JSON.stringify(answer), formatInstant(expiresAt)],
    );
    return answer;
  }
}

/** What makes two requests the same: method, address with its query, and body. */
const requestHash = ({ method, path, query, body }: Call): string =>
  createHash('sha256')
    .update(`${method} ${path}${query === '' ? '' : `?${query}`}\n`)
    .update(body === undefined ? '' : JSON.stringify(body))
    .digest('hex');

/** Held to the end of the transaction; whoever comes meanwhile is told so. */
async function lock(tx: Tx, { actor, key }: { readonly actor: string; readonly key: string }): Promise<void> {
  const rows = await tx.query<{ locked: boolean }[]>('select pg_try_advisory_xact_lock(hashtextextended($1, 727002)) as locked', [
    JSON.stringify([actor, key]),
  ]);
  if (rows[0]?.locked !== true)
    throw new Refusal(
      'conflict',
      'idempotency_in_progress',
      'A request with this Idempotency-Key is still running: wait for its answer, or repeat it a little later.',
    );
}

/** Inside a savepoint, so that a refusal undoes the work and leaves the transaction usable. */
async function attempt<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<StoredAnswer> {
  try {
    return { value: (await tx.transaction(work)) ?? null };
  } catch (error) {
    if (!(error instanceof Refusal) || NOT_KEPT.has(error.kind)) throw error;
    const { kind, code, detail, problems } = error;
    return { refusal: { kind, code, detail, problems } };
  }
}
