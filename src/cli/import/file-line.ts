/** What stands in one line of a file, or why that cannot be read. */
export interface FileLine {
  /** From 1; of a record over several lines, the last. */
  readonly line: number;
  readonly record: Readonly<Record<string, unknown>> | undefined;
  readonly problem?: string;
}

/** A record is one line in JSON Lines, and may be some in CSV. */
export const LINE_LENGTH_MAX = 65_536;
