import { Injectable } from '@nestjs/common';
import { Refusal } from '../../domain/refusal.js';
import type {
  Capabilities,
  ChargeableAmounts,
  MethodSetup,
  Notification,
  Outcome,
  PaymentProvider,
  ProviderFact,
  StoredMethod,
} from '../port.js';
import { ANY_AMOUNT } from '../any-amount.js';

const unsupported = (): Refusal =>
  new Refusal(
    'unprocessable',
    'not_supported',
    'This account pays by wire or cheque: record what came in with POST /v2/payments, or give the account another provider.',
  );

const NOT_ATTEMPTED: Outcome = { kind: 'not_attempted', reason: 'Wires and cheques are recorded by hand.' };

/** Wire and cheque: nothing moves by itself; people record what came in. */
@Injectable()
export class ManualProvider implements PaymentProvider {
  readonly name = 'manual';
  readonly capabilities: Capabilities = { collects: false, tokens: false, refunds: false, webhooks: false, cancels: false };

  ensureCustomer({ accountId }: { readonly accountId: string }): Promise<string> {
    return Promise.resolve(accountId);
  }
  setUpMethod(): Promise<MethodSetup> {
    return Promise.reject(unsupported());
  }
  storeMethod(): Promise<StoredMethod> {
    return Promise.reject(unsupported());
  }
  amounts(): ChargeableAmounts {
    return ANY_AMOUNT;
  }
  charge(): Promise<Outcome> {
    return Promise.resolve(NOT_ATTEMPTED);
  }
  refund(): Promise<Outcome> {
    return Promise.resolve(NOT_ATTEMPTED);
  }
  lookUp(): Promise<Outcome> {
    return Promise.resolve(NOT_ATTEMPTED);
  }
  cancel(): Promise<Outcome> {
    return Promise.resolve(NOT_ATTEMPTED);
  }
  readWebhook(): Promise<Notification[]> {
    return Promise.reject(unsupported());
  }
  factsOf(): Promise<ProviderFact[]> {
    return Promise.resolve([]);
  }
}
