import { Injectable } from '@nestjs/common';
import { Refusal } from '../domain/refusal.js';
import { ManualProvider } from './manual/manual.provider.js';
import type { PaymentProvider } from './port.js';
import { SandboxProvider } from './sandbox/sandbox.provider.js';

/** The providers that there are, by name. */
@Injectable()
export class Providers {
  private readonly byName: ReadonlyMap<string, PaymentProvider>;

  constructor(manual: ManualProvider, sandbox: SandboxProvider) {
    this.byName = new Map([manual, sandbox].map((provider) => [provider.name, provider]));
  }

  /** Those whose books can be read. */
  get withRecords(): PaymentProvider[] {
    return [...this.byName.values()].filter((provider) => provider.records !== undefined);
  }

  /** @throws Refusal `provider_not_found` */
  named(name: string): PaymentProvider {
    const provider = this.byName.get(name);
    if (!provider)
      throw new Refusal(
        'not_found',
        'provider_not_found',
        `There is no provider "${name}". There are: ${[...this.byName.keys()].join(', ')}.`,
      );
    return provider;
  }
}
