import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config, isConfigured } from '../config.js';
import { Refusal } from '../domain/refusal.js';
import { ManualProvider } from './manual/manual.provider.js';
import type { PaymentProvider } from './port.js';
import { RecurlyProvider } from './recurly/recurly.provider.js';
import { SandboxProvider } from './sandbox/sandbox.provider.js';
import { StripeProvider } from './stripe/stripe.provider.js';

/** The providers that there are, by name: those of outside where the service has their keys. */
@Injectable()
export class Providers {
  private readonly byName: ReadonlyMap<string, PaymentProvider>;

  constructor(
    @Inject(CONFIG) config: Config,
    manual: ManualProvider,
    sandbox: SandboxProvider,
    stripe: StripeProvider,
    recurly: RecurlyProvider,
  ) {
    const configured = [manual, sandbox, stripe, recurly].filter(({ name }) => isConfigured(config, name));
    this.byName = new Map(configured.map((provider) => [provider.name, provider]));
  }

  /** Whether a provider takes money by itself; one whose key was taken away does not. */
  collects(name: string): boolean {
    return this.byName.get(name)?.capabilities.collects === true;
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
