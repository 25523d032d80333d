import { Injectable } from '@nestjs/common';
import { Database } from '../common/database/database.js';
import { Refusal } from '../domain/refusal.js';
import type { Outcome } from '../providers/port.js';
import { Providers } from '../providers/providers.js';
import { BeginAttempt, type Begun } from './begin-attempt.js';
import { attemptKey, chargedMinor } from './payment-records.js';
import { ResolveAttempt } from './resolve-attempt.js';

const STILL_OPEN: Outcome = { kind: 'unknown', reason: 'The provider cannot give up a charge.' };

/**
 * Collects a payment. The attempt is committed before the provider is called; its key is the same however often it is repeated. Whoever finds an
 * attempt without an outcome asks the provider what became of it. So a process may be killed at any point, and any number may try at once:
 * the money moves once. The provider is never called inside a transaction.
 */
@Injectable()
export class Collect {
  constructor(
    private readonly database: Database,
    private readonly providers: Providers,
    private readonly attempts: BeginAttempt,
    private readonly resolving: ResolveAttempt,
  ) {}

  async run(paymentId: string): Promise<void> {
    const begun = await this.database.transaction((tx) => this.attempts.run(tx, paymentId));
    if (!begun) return;
    const { attempt, replaced } = begun;
    const provider = this.providers.named(attempt.provider);
    if (!replaced || !provider.capabilities.cancels) {
      const outcome = await this.outcomeOf(begun);
      return this.database.transaction((tx) => this.resolving.run(tx, attempt, outcome));
    }
    const outcome = await provider.cancel(attemptKey(attempt), attempt);
    await this.database.transaction((tx) => this.resolving.run(tx, attempt, outcome, { goesOn: true }));
    if (outcome.kind === 'not_attempted') await this.run(paymentId); // by the new payment method
  }

  /** Gives up the open attempt of a payment, where its provider can be sure that nothing comes of it. @throws Refusal `payment_in_progress` */
  async cancel(paymentId: string): Promise<void> {
    const attempt = await this.database.transaction((tx) => this.attempts.open(tx, paymentId));
    if (!attempt) return;
    const provider = this.providers.named(attempt.provider);
    const outcome: Outcome = provider.capabilities.cancels ? await provider.cancel(attemptKey(attempt), attempt) : STILL_OPEN;
    await this.database.transaction((tx) => this.resolving.run(tx, attempt, outcome));
    if (await this.database.transaction((tx) => this.attempts.open(tx, paymentId)))
      throw new Refusal(
        'conflict',
        'payment_in_progress',
        'The provider is still collecting this payment and cannot stop it: wait for the outcome.',
      );
  }

  /** A key that the provider never saw may be sent again: it is the same attempt. Any other is not sent, but looked up. */
  private async outcomeOf({ payment, attempt, method, mayHaveBeenSent }: Begun): Promise<Outcome> {
    const provider = this.providers.named(method.provider);
    const key = attemptKey(attempt);
    if (mayHaveBeenSent) {
      const known = await provider.lookUp(key, attempt);
      if (known.kind !== 'not_attempted') return known;
    }
    return provider.charge({
      key,
      since: attempt.createdAt,
      customer: method.customer,
      method: method.reference,
      amountMinor: chargedMinor(payment),
      currency: payment.currency,
      description: payment.invoiceId,
    });
  }
}
