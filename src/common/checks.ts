import { Injectable } from '@nestjs/common';
import type { Instant } from '../domain/instant.js';
import type { Tx } from './database/database.js';

/** What to look at: everything, where nothing is said. */
export interface CheckScope {
  readonly accountId?: string;
  /** Documents of this instant or later. */
  readonly from?: Instant;
  /** Documents from before this instant. */
  readonly to?: Instant;
}

/** Something that is not as it must be. */
export interface Difference {
  /** Which document, entry or account. */
  readonly subject: string;
  readonly detail: string;
}

/** Something that must hold of what is stored. */
export interface Check {
  readonly name: string;
  /** What belongs together: `ledger`. */
  readonly group: string;
  /** Whether it can look at one account, or some time, alone; left out where it cannot and the scope is narrower. */
  readonly narrows: boolean;
  run(tx: Tx, scope: CheckScope): AsyncIterable<Difference> | Iterable<Difference> | Promise<Iterable<Difference>>;
}

/** What `verify` runs: each module adds what it knows how to check. */
@Injectable()
export class Checks {
  private readonly checks: Check[] = [];

  add(...checks: readonly Check[]): void {
    this.checks.push(...checks);
  }

  /** Those of the groups that can answer for the scope. */
  of(groups: readonly string[], scope: CheckScope): readonly Check[] {
    const whole = Object.values(scope).every((bound) => bound === undefined);
    return this.checks.filter((check) => groups.includes(check.group) && (whole || check.narrows));
  }
}
