import { Refusal } from '../../domain/refusal.js';
import type { FileLine } from './file-line.js';

/** Refuses what a file says about one thing a second time: which of the two is meant, only its author knows. */
export class GivenTwice {
  /** Line numbers by what names the thing. */
  private readonly lines = new Map<string, number>();

  /** @param field names a thing of the file */
  constructor(private readonly field: string) {}

  /** Why the line is refused, if another one before it is about the same. To be asked once for each line, in their order. */
  refusal({ line, record }: FileLine): Refusal | undefined {
    const name = record?.[this.field];
    if (typeof name !== 'string') return undefined;
    const first = this.lines.get(name);
    if (first === undefined) {
      this.lines.set(name, line);
      return undefined;
    }
    return new Refusal(
      'conflict',
      'given_twice',
      `The ${this.field} "${name}" is that of line ${String(first)}: keep one of the two lines.`,
    );
  }
}
