/** What went wrong with one field, addressed by an RFC 6901 pointer. */
export interface FieldProblem {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** How a refusal reads to a caller; `common/http` maps each kind to one HTTP status. */
export type RefusalKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'precondition_failed'
  | 'unprocessable'
  | 'too_large'
  | 'unavailable';

/**
 * A typed refusal: the only thing that the domain throws.
 * `code` is stable and documented in `docs/errors.md`; `detail` is a sentence that says what to do.
 */
export class Refusal extends Error {
  constructor(
    readonly kind: RefusalKind,
    readonly code: string,
    readonly detail: string,
    readonly problems: readonly FieldProblem[] = [],
  ) {
    super(`${code}: ${detail}`);
    this.name = 'Refusal';
  }
}

/** Collects every problem of an input before refusing it, so that the caller sees all of them at once. */
export function refuseAll(problems: readonly FieldProblem[]): void {
  if (problems.length === 0) return;
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${String(problems.length - 1)} more)` : '';
  throw new Refusal('invalid', 'invalid_request', `${first?.pointer ?? ''}: ${first?.detail ?? ''}${more}`, problems);
}
