import { Module } from '@nestjs/common';
import { ManualProvider } from './manual/manual.provider.js';
import { Providers } from './providers.js';
import { RecurlyProvider } from './recurly/recurly.provider.js';
import { SandboxProvider } from './sandbox/sandbox.provider.js';
import { StripeProvider } from './stripe/stripe.provider.js';

@Module({ providers: [ManualProvider, RecurlyProvider, SandboxProvider, StripeProvider, Providers], exports: [Providers] })
export class ProvidersModule {}
