import { QueryRunnerAlreadyReleasedError } from 'typeorm';

/** The database cannot be reached, or has no room: nothing that is wrong with the request. A commit that was under way may have taken place. */
export class DatabaseUnavailable extends Error {
  readonly statusCode = 503;
  readonly code = 'unavailable';
  readonly retryAfterSeconds = 1;

  constructor(cause: unknown) {
    super('The database cannot be reached, or has no room: send the same again in a second.', { cause });
  }
}

/** SQLSTATE: the connection, resources (the disk is full, too many connections), a server that stops, starts or only reads, input and output. */
const STATES = /^(08...|53...|57P..|25006|58030)$/;
const SOCKET = /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
/** What pg says without a code. */
const SAID = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** Whether the database failed, and not what it was asked. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable || error instanceof QueryRunnerAlreadyReleasedError) return true; // released when its connection was lost
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === 'string' ? STATES.test(code) || SOCKET.test(code) : SAID.test(String(message));
}

/** The error as callers of the database see it. */
export const seenOutside = (error: unknown): unknown =>
  isUnavailable(error) && !(error instanceof DatabaseUnavailable) ? new DatabaseUnavailable(error) : error;
