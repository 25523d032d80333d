import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../../domain/instant.js';

const TOLERANCE_MS = 300_000n;

/** Milliseconds, as Recurly's own clients read them; its documentation also shows seconds, which have ten digits. */
const msOf = (text: string): bigint => (text.length <= 10 ? BigInt(text) * 1_000n : BigInt(text));

export const recurlySignature = (secret: string, timestamp: string, body: Buffer): string =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');

/**
 * Whether one of the secrets signed the body within five minutes of `at`. The header is a timestamp and, while a secret is replaced, several signatures:
 * `<timestamp>,<hex>[,<hex>]`, each the HMAC-SHA256 of timestamp, a full stop and the body.
 */
export function isSigned(
  header: string,
  { body, secrets, at }: { readonly body: Buffer; readonly secrets: readonly string[]; readonly at: Instant },
): boolean {
  const [timestamp = '', ...signatures] = header.split(',').map((part) => part.trim());
  if (!/^\d{10,13}$/.test(timestamp)) return false;
  const age = at / 1000n - msOf(timestamp);
  if (age > TOLERANCE_MS || age < -TOLERANCE_MS) return false;
  const expected = secrets.map((secret) => Buffer.from(recurlySignature(secret, timestamp, body)));
  return signatures.map((signature) => Buffer.from(signature)).some((given) => expected.some((one) => isSame(given, one)));
}

const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
