interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions to the database: those that are asked in one turn of the loop are read together, and none is read before it was asked. */
export class Together<Question, Answer> {
  private waiting: Waiting<Question, Answer>[] = [];

  /** `read` gives the answers in the order of the questions. */
  constructor(private readonly read: (questions: readonly Question[]) => Promise<readonly Answer[]>) {}

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      if (this.waiting.length === 1) setImmediate(() => void this.readWaiting());
    });
  }

  private async readWaiting(): Promise<void> {
    const asked = this.waiting;
    this.waiting = [];
    try {
      const answers = await this.read(asked.map(({ question }) => question));
      if (answers.length !== asked.length) throw new RangeError('an answer is missing');
      asked.forEach(({ resolve }, at) => {
        resolve(answers[at] as Answer);
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
