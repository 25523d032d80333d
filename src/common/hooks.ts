import { Injectable } from '@nestjs/common';
import type { Tx } from './database/database.js';

/** A kind of fact that one module tells and modules above it act on, in the same transaction. */
export interface FactKind<Payload> {
  readonly name: string;
  /** Carries the payload's type; never set. */
  readonly payload?: Payload;
}

/** Declared by the module that tells it. */
export const defineFact = <Payload>(name: string): FactKind<Payload> => ({ name });

type Handler = (tx: Tx, payload: unknown) => Promise<void>;

/** How a lower module reaches higher ones without knowing them. */
@Injectable()
export class Hooks {
  private readonly handlers = new Map<string, Handler[]>();

  /** Runs the handler whenever the fact is told; what it throws undoes what told it. */
  on<Payload>(kind: FactKind<Payload>, handler: (tx: Tx, payload: Payload) => Promise<void>): void {
    this.handlers.set(kind.name, [...(this.handlers.get(kind.name) ?? []), handler as Handler]);
  }

  async tell<Payload>(tx: Tx, kind: FactKind<Payload>, payload: Payload): Promise<void> {
    for (const handler of this.handlers.get(kind.name) ?? []) await handler(tx, payload);
  }
}
