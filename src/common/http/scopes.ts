import { SetMetadata } from '@nestjs/common';
import type { Scope } from '../actor.js';

export const SCOPE_METADATA = 'wharfage:scope';
export const PUBLIC_METADATA = 'wharfage:public';

/** The scope that a key must have for the route. Every route has either this or `Public`. */
export const Scopes = (scope: Scope): MethodDecorator & ClassDecorator => SetMetadata(SCOPE_METADATA, scope);

/** A route that needs no key. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC_METADATA, true);
