import { createHash, randomBytes } from 'node:crypto';
import type { Instant } from '../domain/instant.js';

/** RFC 9562's layout of a name-based id; the name space is our own. */
const ACCOUNT_NAMESPACE = Buffer.from('6f0c1d3a8e5b5c0f9a7747d1c2b6e490', 'hex');
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 10;
const REQUEST_LENGTH = 20;
const ACCOUNT_LENGTH = 26;
const BITS = 5n;

/** In the place of an account, where something belongs to none. */
export const NO_ACCOUNT = '00000000-0000-0000-0000-000000000000';

/** The id of the account with that key: a UUIDv5, so unique by construction, and known without a look-up. */
export function accountIdFor(key: string): string {
  const hash = createHash('sha1').update(ACCOUNT_NAMESPACE).update(key).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return uuidOf(BigInt(`0x${hash.toString('hex')}`));
}

/** `inv_` and 10 characters of time, 10 of chance and, where the thing belongs to an account, 26 that name the account. Sorts by time. */
export function newId(prefix: string, at: Instant, accountId?: string): string {
  const chance = chanceAt(at / 1000n);
  const account = accountId === undefined ? '' : encoded(valueOf(accountId), ACCOUNT_LENGTH);
  return `${prefix}_${encoded(at / 1000n, TIME_LENGTH)}${encoded(chance, RANDOM_LENGTH)}${account}`;
}

/** What all ids that were made at an instant or later, to the millisecond, are not below. */
export const leastIdAt = (prefix: string, at: Instant): string => `${prefix}_${encoded(at / 1000n, TIME_LENGTH)}`;

/** Names a request, for good: no two are called the same, whatever restarts. */
export const newRequestId = (): string => `req_${encoded(BigInt(`0x${randomBytes(13).toString('hex')}`), REQUEST_LENGTH)}`;

/** The part of an API key by which it is found. Sorts by time. */
export const newApiKeyId = (at: Instant): string => `${at.toString(36).padStart(11, '0')}${encoded(keyChanceAt(at), RANDOM_LENGTH)}`;

/** Ids of one process and one moment sort in the order of their making: the first takes its chance, the next ones count on. */
function counting(): (moment: bigint) => bigint {
  let last = { moment: -1n, chance: 0n };
  return (moment) => {
    const fresh = BigInt(`0x${randomBytes(6).toString('hex')}`);
    last = { moment, chance: moment === last.moment ? last.chance + 1n + (fresh & 0xffn) : fresh };
    return last.chance;
  };
}

const [chanceAt, keyChanceAt] = [counting(), counting()];

/** The account that an id names; `undefined` for an id of another form. */
export function accountIdOf(id: string): string | undefined {
  const [, body = ''] = id.split('_');
  if (body.length !== TIME_LENGTH + RANDOM_LENGTH + ACCOUNT_LENGTH) return undefined;
  const value = decoded(body.slice(-ACCOUNT_LENGTH));
  return value === undefined || value >= 1n << 128n ? undefined : uuidOf(value);
}

/** An id that is nothing but what it names: `evt_`, 26 characters that name the thing within its account, and 26 that name the account. */
export function namingId(prefix: string, { accountId, ident }: NamedThing): string {
  return `${prefix}_${encoded(valueOf(ident), ACCOUNT_LENGTH)}${encoded(valueOf(accountId), ACCOUNT_LENGTH)}`;
}

/** What such an id names; `undefined` for an id of another form. */
export function namedBy(prefix: string, id: string): NamedThing | undefined {
  if (!id.startsWith(`${prefix}_`) || id.length !== prefix.length + 1 + 2 * ACCOUNT_LENGTH) return undefined;
  const [ident, accountId] = [decoded(id.slice(-2 * ACCOUNT_LENGTH, -ACCOUNT_LENGTH)), decoded(id.slice(-ACCOUNT_LENGTH))];
  if (ident === undefined || accountId === undefined || ident >= 1n << 128n || accountId >= 1n << 128n) return undefined;
  return { accountId: uuidOf(accountId), ident: uuidOf(ident) };
}

/** A thing of an account by two uuids. */
export interface NamedThing {
  readonly accountId: string;
  readonly ident: string;
}

/** The lowest digits of the value, in lower-case Crockford base 32. */
function encoded(value: bigint, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i += 1, rest >>= BITS) text = (ALPHABET[Number(rest & 31n)] ?? '') + text;
  return text;
}

function decoded(text: string): bigint | undefined {
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    value = (value << BITS) | BigInt(digit);
  }
  return value;
}

const valueOf = (uuid: string): bigint => BigInt(`0x${uuid.replaceAll('-', '')}`);

function uuidOf(value: bigint): string {
  const hex = value.toString(16).padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
