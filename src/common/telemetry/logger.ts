import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { errorRecord } from './error-record.js';

const SECRET_FIELDS = ['authorization', 'cookie', 'key', 'secret', 'password', 'token', 'idempotency-key'];

/** One JSON object a line; values of fields that may hold a secret are replaced, and of an error only what tells nothing of the data. */
export const createLog = (level: string, to?: DestinationStream): Logger => {
  const redact = SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`, `*.*.*["${field}"]`]);
  const serializers = { err: (error: unknown) => errorRecord(error) ?? String(error) };
  return to === undefined ? pino({ level, redact, serializers }) : pino({ level, redact, serializers }, to);
};

/** Nest's own messages through the same logger. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: 'error' | 'warn' | 'debug' | 'trace', message: unknown, rest: readonly unknown[]): void {
    this.logger[level]({ context: rest.at(-1) }, String(message));
  }
}
