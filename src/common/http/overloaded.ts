/** More is under way than is kept in memory; answered as 503 with Retry-After. */
export class Overloaded extends Error {
  readonly statusCode = 503;
  readonly code = 'overloaded';
  readonly retryAfterSeconds = 1;

  constructor(message = 'More events wait to be stored than we keep: nothing of this request was taken. Send it again in a second.') {
    super(message);
  }
}
