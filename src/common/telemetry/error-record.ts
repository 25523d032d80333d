/** What a log line says of an error. */
export interface ErrorRecord {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  /** SQLSTATE, or the code of Node or of a library. */
  readonly code?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly cause?: ErrorRecord;
}

/** SQLSTATE class 22: PostgreSQL quotes the value that it could not take. */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;
const CAUSES_MAX = 3;

/**
 * An error as it may be logged. A database error also carries its statement, the parameters and the offending row: these are customers'
 * data, or secrets, and are left out.
 */
export function errorRecord(error: unknown, causes = CAUSES_MAX): ErrorRecord | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, constraint, table, cause } = error as { code?: unknown; constraint?: unknown; table?: unknown; cause?: unknown };
  const type = error.constructor.name;
  const message = messageOf(error);
  const under = causes > 0 ? errorRecord(cause, causes - 1) : undefined;
  return {
    type,
    message,
    stack: [`${type}: ${message}`, ...framesOf(error)].join('\n'),
    ...(typeof code === 'string' && { code }),
    ...(typeof constraint === 'string' && { constraint }),
    ...(typeof table === 'string' && { table }),
    ...(under && { cause: under }),
  };
}

/** What it says for people, without values that a database refused. */
export function messageOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && DATA_EXCEPTION.test(code) ? `the database refused a value (${code})` : error.message;
}

/** The stack's own lines: what stands above them repeats the message. */
const framesOf = ({ stack = '' }: Error): string[] => stack.split('\n').filter((line) => /^\s+at /.test(line));
