import { createHmac } from 'node:crypto';

export const SECRET_PREFIX = 'whsec_';

/** A message as it is signed. */
export interface SignedMessage {
  readonly id: string;
  /** Whole seconds since 1970. */
  readonly timestamp: bigint;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, once for each secret that is valid, so that receivers go on while a secret
 * is replaced.
 */
export function signedHeaders(message: SignedMessage, secrets: readonly string[]): Readonly<Record<string, string>> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': message.timestamp.toString(),
    'webhook-signature': secrets.map((secret) => signature(message, secret)).join(' '),
  };
}

function signature({ id, timestamp, body }: SignedMessage, secret: string): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp.toString()}.${body}`).digest('base64')}`;
}
