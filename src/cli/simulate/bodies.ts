import { checkedBody } from '../../common/http/validation.js';
import type { FieldProblem } from '../../domain/refusal.js';

/** Collects what is wrong with a file, and where. */
export class Problems {
  private readonly found: FieldProblem[] = [];

  get all(): readonly FieldProblem[] {
    return this.found;
  }

  add(pointer: string, problems: readonly FieldProblem[]): void {
    this.found.push(...problems.map((problem) => ({ ...problem, pointer: `${pointer}${problem.pointer}` })));
  }

  say(pointer: string, code: string, detail: string): void {
    this.found.push({ pointer, code, detail });
  }

  /** What `read` makes of the value; `undefined`, with the refusal noted, where it refuses. */
  attempt<T>(pointer: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const { code, detail, problems } = error as { code?: string; detail?: string; problems?: readonly FieldProblem[] };
      if (code === undefined || detail === undefined) throw error;
      if (problems !== undefined && problems.length > 0) this.add(pointer, problems);
      else this.say(pointer, code, detail);
      return undefined;
    }
  }
}

/** A part of the file checked by the rules of the request body that it is; `undefined` where it breaks them. */
export function body<Dto extends object>(Class: new () => Dto, value: unknown, pointer: string, problems: Problems): Dto | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.say(pointer, 'not_an_object', 'Must be an object.');
    return undefined;
  }
  const checked = checkedBody(Class, value);
  problems.add(pointer, checked.problems);
  return checked.problems.length === 0 ? checked.body : undefined;
}
