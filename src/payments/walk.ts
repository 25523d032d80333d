import { formatInstant, type Instant } from '../domain/instant.js';

export interface Step {
  readonly id: string;
  readonly createdAt: Instant;
}

const BEFORE_ALL: readonly [string, string] = ['-infinity', ''];

/**
 * Walks all rows of a list in the order of their keys, page by page: those that stay in it do not keep the walk from the ones behind them.
 * `page` answers the rows after a key, none at the end. One that fails is told of, is tried again by the next walk, and stops no other.
 */
export async function walk({
  page,
  work,
  failed,
}: {
  readonly page: (after: readonly [createdAt: string, id: string]) => Promise<readonly Step[]>;
  readonly work: (id: string) => Promise<unknown>;
  readonly failed: (error: unknown, id: string) => void;
}): Promise<void> {
  let after = BEFORE_ALL;
  for (let steps = await page(after); steps.length > 0; steps = await page(after)) {
    for (const { id, createdAt } of steps) {
      after = [formatInstant(createdAt), id];
      try {
        await work(id);
      } catch (error) {
        failed(error, id);
      }
    }
  }
}
