import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config.js';

/** Keyed hashes, with a secret that is not in the database: whoever reads its tables cannot try keys, nor sign as we do. */
@Injectable()
export class KeyHashing {
  private known: string | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  hash(text: string): string {
    return createHmac('sha256', this.secret()).update(text).digest('hex');
  }

  matches(key: string, hash: string): boolean {
    const [own, stored] = [createHmac('sha256', this.secret()).update(key).digest(), Buffer.from(hash, 'hex')];
    return own.length === stored.length && timingSafeEqual(own, stored);
  }

  /** 32 bytes that only this purpose has, from the same secret. */
  derived(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.secret(), '', purpose, 32));
  }

  /** The setting, or else one that is made once and kept beside the data. */
  private secret(): string {
    this.known ??= this.config.keyHashSecret ?? keptSecret(this.config.dataDir);
    return this.known;
  }
}

function keptSecret(dir: string): string {
  const file = join(dir, 'key-hash-secret');
  if (!existsSync(file)) {
    mkdirSync(dir, { recursive: true });
    try {
      writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was first
    }
  }
  return readFileSync(file, 'utf8');
}
