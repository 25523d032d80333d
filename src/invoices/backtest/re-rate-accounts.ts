import { Injectable } from '@nestjs/common';
import type { Tx } from '../../common/database/database.js';
import type { Compared } from '../../domain/backtest.js';
import {
  type ComparedAmounts,
  concludeReRating,
  type PreparedReRating,
  prepareReRating,
  questionsOf,
  type ReRating,
} from '../../domain/billing/re-rating.js';
import { Refusal } from '../../domain/refusal.js';
import type { AccountQuestion } from '../../usage/quantities/answer.js';
import { UsageService } from '../../usage/usage.service.js';
import { LoadFacts, type LoadedAccount } from '../load-facts.js';

/** An account's periods under the versions that it holds and under the draft. */
export type ComparedAccount = Compared & ComparedAmounts;

/** An account that cannot be re-rated, and why. */
export interface NotCompared {
  readonly account: string;
  readonly currency: string;
  readonly code: string;
  readonly detail: string;
}

export type ReRated = ComparedAccount | NotCompared;

export interface WantedReRating extends ReRating {
  /** Keys of meters that the draft prices and that do not exist. */
  readonly unknownMeters: readonly string[];
}

interface Asked {
  readonly account: string;
  readonly currency: string;
  readonly prepared: PreparedReRating;
  readonly questions: readonly AccountQuestion[];
}

/** Bills some accounts twice by the code of a bill run, as they are and under a draft. Stores nothing. */
@Injectable()
export class ReRateAccounts {
  constructor(
    private readonly facts: LoadFacts,
    private readonly usage: UsageService,
  ) {}

  /** In the order of the ids, without those that did not hold the plan in the range. */
  async run(tx: Tx, accountIds: readonly string[], wanted: WantedReRating): Promise<ReRated[]> {
    const loaded = await this.facts.neverBilled(tx, accountIds);
    const prepared = loaded.flatMap((one) => preparedOf(one, wanted));
    const asked = prepared.filter((one) => 'questions' in one);
    const compared = new Map((await this.concluded(tx, asked)).map((one) => [one.account, one]));
    return prepared.map((one) => ('questions' in one ? (compared.get(one.account) ?? notAnswered(one)) : one));
  }

  /** All usage in one go; where some of it is refused, account by account, so that the others are compared. */
  private async concluded(tx: Tx, asked: readonly Asked[]): Promise<ReRated[]> {
    try {
      const answers = await this.usage.answer(
        tx,
        asked.flatMap(({ questions }) => questions),
      );
      return asked.map(({ account, currency, prepared, questions }) => ({
        account,
        currency,
        ...concludeReRating(prepared, answers.splice(0, questions.length)),
      }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const [only, ...others] = asked;
      if (only && others.length === 0) return [notCompared(only, error)];
      const alone: ReRated[] = [];
      for (const one of asked) alone.push(...(await this.concluded(tx, [one])));
      return alone;
    }
  }
}

function preparedOf({ profile: { id, key, currency }, facts }: LoadedAccount, wanted: WantedReRating): (Asked | NotCompared)[] {
  const known = { account: key, currency };
  try {
    const prepared = prepareReRating(facts, wanted);
    if (!prepared) return [];
    const questions = questionsOf(prepared).map((question) => ({ ...question, accountId: id }));
    const unknown = questions.find(({ meter }) => wanted.unknownMeters.includes(meter));
    if (!unknown) return [{ ...known, prepared, questions }];
    return [
      { ...known, code: 'unknown_meter', detail: `The draft prices the meter "${unknown.meter}", which does not exist: create it first.` },
    ];
  } catch (error) {
    if (error instanceof Refusal) return [notCompared(known, error)];
    throw error;
  }
}

const notCompared = ({ account, currency }: Pick<NotCompared, 'account' | 'currency'>, { code, detail }: Refusal): NotCompared => ({
  account,
  currency,
  code,
  detail,
});

function notAnswered({ account }: Asked): never {
  throw new RangeError(`account ${account} was asked about and not answered`);
}
