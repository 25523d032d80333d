import { Module } from '@nestjs/common';
import { ManualProvider } from './manual/manual.provider.js';
import { Providers } from './providers.js';
import { SandboxProvider } from './sandbox/sandbox.provider.js';

@Module({ providers: [ManualProvider, SandboxProvider, Providers], exports: [Providers] })
export class ProvidersModule {}
