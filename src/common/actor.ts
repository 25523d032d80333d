import { Refusal } from '../domain/refusal.js';

/** Everything that a key may be allowed to do. */
export const SCOPES = [
  'accounts:read',
  'accounts:write',
  'plans:read',
  'plans:write',
  'subscriptions:read',
  'subscriptions:write',
  'subscriptions:backdate',
  'usage:read',
  'usage:write',
  'usage:backfill',
  'invoices:read',
  'invoices:write',
  'payments:read',
  'payments:write',
  'ledger:write',
  'exports:read',
  'exports:write',
  'webhooks:read',
  'webhooks:write',
  'v1',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** What may be granted: a scope, or all scopes of a resource (`accounts:*`). */
export const GRANTABLE_SCOPES: readonly string[] = [
  ...SCOPES,
  ...new Set(SCOPES.filter((scope) => scope.includes(':')).map((scope) => `${resourceOf(scope)}:*`)),
];

/** Who does something. */
export interface Actor {
  readonly kind: 'api_key' | 'system' | 'cli';
  readonly id: string;
  readonly scopes: readonly string[];
}

/** The service itself: scheduled work. */
export const SYSTEM: Actor = { kind: 'system', id: 'system', scopes: ['admin'] };

/** Whoever runs a command on the machine. */
export const OPERATOR: Actor = { kind: 'cli', id: 'operator', scopes: ['admin'] };

/** `admin` may do everything; `accounts:*` what begins with `accounts:`. */
export function hasScope(actor: Actor, scope: Scope): boolean {
  return actor.scopes.some((granted) => granted === 'admin' || granted === scope || granted === `${resourceOf(scope)}:*`);
}

/** @throws Refusal `missing_scope` */
export function requireScope(actor: Actor, scope: Scope): void {
  if (!hasScope(actor, scope)) throw new Refusal('forbidden', 'missing_scope', `This needs the scope "${scope}": use a key that has it.`);
}

function resourceOf(scope: string): string {
  return scope.split(':')[0] ?? scope;
}
