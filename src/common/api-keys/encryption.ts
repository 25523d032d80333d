import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyHashing } from './key-hashing.js';

const [ALGORITHM, NONCE_BYTES, TAG_BYTES] = ['aes-256-gcm', 12, 16] as const;

/** Encrypts secrets that must be read again, with a key that is not in the database: whoever reads its tables cannot read them. */
@Injectable()
export class Encryption {
  constructor(private readonly keys: KeyHashing) {}

  /** `about` names what the secret belongs to: beside another thing it cannot be opened. */
  seal(text: string, about: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key, nonce).setAAD(Buffer.from(about));
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** `undefined` where the text was sealed with another KEY_HASH_SECRET, for another thing, or was changed. */
  open(sealed: string, about: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv(ALGORITHM, this.key, bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(about))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      return undefined; // the tag is another
    }
  }

  private get key(): Buffer {
    return this.keys.derived('stored secrets');
  }
}
