import type { ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { isKey } from '../common/http/field-rules.js';

const LIMIT_MAX = 1_000_000_000_000;
const FEATURES_MAX = 200;

const isLimit = (value: unknown): boolean =>
  value === null || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LIMIT_MAX);

function isEntitlement(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.entries(value) as [string, unknown][];
  const [name, content] = entries[0] ?? [];
  return entries.length === 1 && ((name === 'limit' && isLimit(content)) || (name === 'enabled' && typeof content === 'boolean'));
}

/** The same for the contract. */
export const ENTITLEMENTS_SCHEMA = {
  type: 'object' as const,
  additionalProperties: {
    oneOf: [
      { type: 'object', required: ['limit'], properties: { limit: { type: ['integer', 'null'] as never, minimum: 0 } } },
      { type: 'object', required: ['enabled'], properties: { enabled: { type: 'boolean' } } },
    ],
  },
  example: { nodes: { limit: 100 }, support: { enabled: true } },
} satisfies ApiPropertyOptions;

/** A limit or a flag for each feature key. */
export const IsEntitlements = (): PropertyDecorator =>
  ValidateBy({
    name: 'invalid_entitlement',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        Object.keys(value).length <= FEATURES_MAX &&
        Object.entries(value).every(([feature, entitlement]) => isKey(feature) && isEntitlement(entitlement)),
      defaultMessage: () => '$property must map feature keys to { "limit": whole number or null } or { "enabled": true or false }',
    },
  });
