/** One subcommand of `wharfage`. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  /** Returns the exit status; a long-running command returns when it was told to stop. */
  run(args: readonly string[]): Promise<number>;
}

/** A command line that cannot be understood: exit status 2, with the command's usage. */
export class UsageError extends Error {}

/** Something outside the program that a person can mend; its message says how. Exit status 1, without a stack. */
export class OperatorError extends Error {}
