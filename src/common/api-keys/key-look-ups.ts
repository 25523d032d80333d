import type { ApiKey } from './api-key.entity.js';

/** What a key is judged by. */
export type KeyRow = Pick<ApiKey, 'hash' | 'scopes' | 'expiresAt' | 'revokedAt'>;

interface Waiting {
  readonly id: string;
  readonly resolve: (row: KeyRow | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Look-ups of keys: those that are asked for in one turn of the loop are read together, and none is read before it was asked for. */
export class KeyLookUps {
  private waiting: Waiting[] = [];

  constructor(private readonly read: (ids: readonly string[]) => Promise<readonly (KeyRow & { readonly id: string })[]>) {}

  find(id: string): Promise<KeyRow | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ id, resolve, reject });
      if (this.waiting.length === 1) setImmediate(() => void this.readWaiting());
    });
  }

  private async readWaiting(): Promise<void> {
    const asked = this.waiting;
    this.waiting = [];
    try {
      const rows = new Map((await this.read([...new Set(asked.map(({ id }) => id))])).map((row) => [row.id, row]));
      for (const { id, resolve } of asked) resolve(rows.get(id));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
