import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { CONFIG, type Config } from '../../config.js';
import { formatInstant, type Instant, parseInstant, SECOND } from '../../domain/instant.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { type Actor, hasScope, OPERATOR, type Scope, SCOPES } from '../actor.js';
import { Audit } from '../audit/audit.service.js';
import { Clock } from '../clock.js';
import { Database, type Tx } from '../database/database.js';
import { Together } from '../database/together.js';
import { cursorKey, type Page, page, type PageQuery } from '../http/page.js';
import { newApiKeyId } from '../ids.js';
import { ApiKey } from './api-key.entity.js';
import type { ApiKeyView, CreateApiKeyDto, NewApiKeyView } from './api-keys.dto.js';
import { KeyHashing } from './key-hashing.js';

const KEY = /^whf_[a-z0-9]{1,20}_([a-z0-9]{4,40})_[A-Za-z0-9]{20,200}$/;
const OVERLAP_SECONDS = 86_400;

/** A row, or null in each of its fields where there was none. */
export type RowOrNulls<Row> = { readonly [Field in keyof Row]: Row[Field] | null };

export interface AuthenticatedRow<Row> {
  readonly actor: Actor;
  readonly row: RowOrNulls<Row>;
}

/** What a key is judged by. */
type KeyRow = Pick<ApiKey, 'hash' | 'scopes' | 'expiresAt' | 'revokedAt'>;

@Injectable()
export class ApiKeysService {
  private readonly rows = new Together<string, KeyRow | undefined>(async (ids) => {
    const rows = await this.database.query<KeyRow & { readonly id: string }>({
      name: 'api-keys',
      text: `select k.id, ${KEY_COLUMNS} from api_key k where k.id = any($1::text[])`,
      values: [[...new Set(ids)]],
    });
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id));
  });

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly hashing: KeyHashing,
    private readonly audit: Audit,
  ) {}

  /**
   * Who a key belongs to. Read from the database for each request, so that a revoked key is refused by every process at once.
   * @throws Refusal `invalid_api_key`, `api_key_revoked`, `api_key_expired`
   */
  async authenticate(key: string): Promise<Actor> {
    const id = KEY.exec(key)?.[1];
    if (id === undefined) throw unknownKey();
    return this.actorOf(id, key, await this.rows.ask(id));
  }

  /**
   * A way to authenticate as `authenticate` does, and to find in the same reading the row of `text` for `q.id`, of which there is one or none.
   * The row is to be handed out only if the actor may see it.
   */
  authenticatorReading<Row extends object>(name: string, text: string): (key: string, id: string) => Promise<AuthenticatedRow<Row>> {
    const rows = new Together<readonly [keyId: string, id: string], KeyRow | undefined>(async (questions) => {
      const found = await this.database.query<KeyRow & { readonly at: bigint }>({
        name: `${name} by api_key`,
        text: `select q.at, ${KEY_COLUMNS}, r.*
               from unnest($1::text[], $2::uuid[]) with ordinality as q(key_id, id, at)
               join api_key k on k.id = q.key_id left join lateral (${text}) r on true`,
        values: [questions.map(([keyId]) => keyId), questions.map(([, id]) => id)],
      });
      const byPlace = new Map(found.map((row) => [Number(row.at) - 1, row]));
      return questions.map((_question, place) => byPlace.get(place));
    });
    return async (key, id) => {
      const keyId = KEY.exec(key)?.[1];
      if (keyId === undefined) throw unknownKey();
      const row = await rows.ask([keyId, id]);
      return { actor: this.actorOf(keyId, key, row), row: { ...row } as unknown as RowOrNulls<Row> };
    };
  }

  /** @throws Refusal `invalid_api_key`, `api_key_revoked`, `api_key_expired` */
  private actorOf(id: string, key: string, row: KeyRow | undefined): Actor {
    if (!row || !this.hashing.matches(key, row.hash)) throw unknownKey();
    if (row.revokedAt !== null) throw new Refusal('unauthenticated', 'api_key_revoked', 'The API key was revoked: ask for a new one.');
    if (row.expiresAt !== null && row.expiresAt <= this.clock.now())
      throw new Refusal('unauthenticated', 'api_key_expired', `The API key expired at ${formatInstant(row.expiresAt)}: ask for a new one.`);
    return { kind: 'api_key', id, scopes: row.scopes };
  }

  /** @throws Refusal `scope_not_held`: nobody grants more than they have; `invalid_request` */
  async create(tx: Tx, actor: Actor, { name, scopes, expiresAt }: CreateApiKeyDto): Promise<NewApiKeyView> {
    const beyond = scopes.filter((scope) => !grants(actor, scope));
    if (beyond.length > 0) throw new Refusal('forbidden', 'scope_not_held', `Your key lacks ${beyond.join(', ')}, so it cannot grant it.`);
    const endsAt = expiresAt === undefined ? null : parseInstant(expiresAt);
    if (endsAt !== null && endsAt <= this.clock.now())
      refuseAll([
        { pointer: '/expiresAt', code: 'expires_in_the_past', detail: 'The key would never work: choose an instant that lies ahead.' },
      ]);
    return this.insert(tx, actor, {
      name,
      scopes,
      expiresAt: endsAt,
      key: this.freshKey(),
    });
  }

  /** The first administrator's key, where there is no key at all: the one given, or a new one; `undefined` where there are keys. */
  async bootstrap(): Promise<string | undefined> {
    return this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock(727003)');
      if ((await tx.getRepository(ApiKey).count({ take: 1 })) > 0) return undefined;
      const key = this.config.bootstrapKey ?? this.freshKey();
      await this.insert(tx, OPERATOR, { name: 'Administrator', scopes: ['admin'], expiresAt: null, key });
      return key;
    });
  }

  /**
   * A new key with the same name, scopes and end; the old one works on for the overlap.
   * @throws Refusal `api_key_not_found`, `api_key_revoked`, `api_key_expired`
   */
  async rotate(tx: Tx, actor: Actor, id: string, overlapSeconds = OVERLAP_SECONDS): Promise<NewApiKeyView> {
    const old = await this.locked(tx, id);
    if (old.revokedAt !== null) throw new Refusal('conflict', 'api_key_revoked', 'A revoked key cannot be rotated: make a new one.');
    const now = this.clock.now();
    if (old.expiresAt !== null && old.expiresAt <= now)
      throw new Refusal('conflict', 'api_key_expired', `The key expired at ${formatInstant(old.expiresAt)}: make a new one.`);
    const until = now + BigInt(overlapSeconds) * SECOND;
    const expiresAt = old.expiresAt !== null && old.expiresAt < until ? old.expiresAt : until;
    await tx.getRepository(ApiKey).update({ id }, { expiresAt });
    await this.audit.record(tx, {
      actor,
      action: 'api_key.rotated',
      subjectType: 'api_key',
      subjectId: id,
      after: { expiresAt: formatInstant(expiresAt) },
    });
    return this.insert(tx, actor, { name: old.name, scopes: old.scopes, expiresAt: old.expiresAt, key: this.freshKey() });
  }

  /** Ends a key at once; a second time changes nothing. */
  async revoke(tx: Tx, actor: Actor, id: string): Promise<void> {
    const row = await this.locked(tx, id);
    if (row.revokedAt !== null) return;
    await tx.getRepository(ApiKey).update({ id }, { revokedAt: this.clock.now() });
    await this.audit.record(tx, { actor, action: 'api_key.revoked', subjectType: 'api_key', subjectId: id });
  }

  async list(tx: Tx, { limit, cursor }: PageQuery): Promise<Page<ApiKeyView>> {
    const [after] = cursorKey(cursor) ?? [];
    const where = after === undefined ? {} : { id: LessThan(after) };
    const rows = await tx.getRepository(ApiKey).find({ where, order: { id: 'DESC' }, take: limit + 1 });
    const { data, nextCursor } = page(rows, limit, (row) => [row.id]);
    return { data: data.map(view), nextCursor };
  }

  private async locked(tx: Tx, id: string): Promise<ApiKey> {
    const row = await tx.getRepository(ApiKey).findOne({ where: { id }, lock: { mode: 'for_no_key_update' } });
    if (!row) throw new Refusal('not_found', 'api_key_not_found', `There is no API key "${id}".`);
    return row;
  }

  private async insert(
    tx: Tx,
    actor: Actor,
    { key, ...given }: Pick<ApiKey, 'name' | 'scopes' | 'expiresAt'> & { readonly key: string },
  ): Promise<NewApiKeyView> {
    const id = KEY.exec(key)?.[1];
    if (id === undefined) throw new RangeError('a key of another form');
    const row: ApiKey = { ...given, id, hash: this.hashing.hash(key), createdAt: this.clock.now(), revokedAt: null };
    await tx.getRepository(ApiKey).insert(row);
    await this.audit.record(tx, {
      actor,
      action: 'api_key.created',
      subjectType: 'api_key',
      subjectId: id,
      after: { name: row.name, scopes: row.scopes },
    });
    return { ...view(row), key };
  }

  /** The id begins with the time, so that keys list in the order of their making. */
  private freshKey(): string {
    return `whf_${this.config.environment}_${newApiKeyId(this.clock.now())}_${randomBytes(24).toString('hex')}`;
  }
}

const KEY_COLUMNS = `k.hash, k.scopes, k.expires_at as "expiresAt", k.revoked_at as "revokedAt"`;

const unknownKey = (): Refusal =>
  new Refusal('unauthenticated', 'invalid_api_key', 'The API key is not one of ours: check that it was copied whole.');

/** Whether the actor holds all that a grantable scope means. */
const grants = (actor: Actor, granted: string): boolean =>
  (granted.endsWith(':*') ? SCOPES.filter((scope) => scope.startsWith(granted.slice(0, -1))) : [granted as Scope]).every((scope) =>
    hasScope(actor, scope),
  );

const view = ({ id, name, scopes, createdAt, expiresAt, revokedAt }: ApiKey): ApiKeyView => ({
  id,
  name,
  scopes,
  createdAt: formatInstant(createdAt),
  expiresAt: optionalInstant(expiresAt),
  revokedAt: optionalInstant(revokedAt),
});

const optionalInstant = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));
