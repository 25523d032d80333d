import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../common/database/database.js';
import type { Instant } from '../domain/instant.js';
import type { UsageAnswer } from '../domain/metering/question.js';
import { Refusal } from '../domain/refusal.js';
import { MetersService } from '../meters/meters.service.js';
import { clearLateUsage, type LateUsage, lateUsage, raiseWatermarks, STOP_INGEST } from './late-marks.js';
import { type AccountQuestion, answerMeter } from './quantities/answer.js';

/** How much was used, for whoever bills it. */
@Injectable()
export class UsageService {
  constructor(
    private readonly database: Database,
    private readonly meters: MetersService,
  ) {}

  /**
   * Answers questions of many accounts, in the order asked: one statement for each meter and shape of question.
   * @throws Refusal `meter_not_found`, `undeclared_dimension`
   */
  async answer(tx: Tx, questions: readonly AccountQuestion[]): Promise<UsageAnswer[]> {
    if (questions.length === 0) return [];
    const meters = new Map((await this.meters.all(tx)).map((meter) => [meter.key, meter]));
    const answers = new Array<UsageAnswer>(questions.length);
    for (const alike of groupsAlike(questions)) {
      const meter = meters.get(alike[0]?.question.meter ?? '');
      if (!meter) throw new Refusal('not_found', 'meter_not_found', `There is no meter "${alike[0]?.question.meter ?? ''}".`);
      const found = await answerMeter(
        tx,
        meter,
        alike.map(({ question }) => question),
      );
      alike.forEach(({ index }, i) => {
        answers[index] = found[i] ?? [];
      });
    }
    return answers;
  }

  /**
   * To be called by a bill run before it asks for usage of these accounts up to `through`: an event from before that is either seen by what is
   * asked from here on, or leaves a mark.
   */
  async closeForBilling(accountIds: readonly string[], through: Instant): Promise<void> {
    if (accountIds.length === 0) return;
    await this.database.beside((client) => raiseWatermarks(client, accountIds, through));
    await this.database.beside((client) => client.query(STOP_INGEST));
  }

  /** The marks there are, to be taken away when the usage of these accounts was billed. */
  lateUsage(tx: Tx, accountIds: readonly string[]): Promise<LateUsage[]> {
    return lateUsage(tx, accountIds);
  }

  clearLateUsage(tx: Tx, late: readonly LateUsage[]): Promise<void> {
    return clearLateUsage(tx, late);
  }
}

interface Asked {
  readonly index: number;
  readonly question: AccountQuestion;
}

/** Questions about one meter with the same filter, grouping and free level. */
function groupsAlike(questions: readonly AccountQuestion[]): Asked[][] {
  const groups = new Map<string, Asked[]>();
  for (const [index, question] of questions.entries()) {
    const key = JSON.stringify([question.meter, question.filter ?? null, question.groupBy ?? null, question.freeConcurrent ?? null]);
    const group = groups.get(key) ?? [];
    group.push({ index, question });
    groups.set(key, group);
  }
  return [...groups.values()];
}
