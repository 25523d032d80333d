import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { REASON_LENGTH_MAX } from './common/http/reason.js';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const TAGS = {
  accounts: 'Who pays.',
  catalog: 'What is sold: meters, plans, coupons, tax rates.',
  subscriptions: 'Who holds what.',
  entitlements: 'What accounts may do.',
  usage: 'What was used.',
  invoices: 'What is owed: invoices, bill runs, sellers.',
  ledger: 'Double entry.',
  payments: 'How it is paid.',
  exports: 'What finance takes away.',
  events: 'What happened.',
  v1: 'The flat-plan API of the first generation, kept as it is: snake_case, amounts in whole minor units.',
  administration: 'API keys, the audit trail, jobs, the test clock.',
} as const;

/** What every request may bear. */
const HEADERS = [
  'Every POST takes `Idempotency-Key`; those that create, bill or move something need it, v1 never does.',
  `Every request that changes something takes \`Wharfage-Reason\`, up to ${String(REASON_LENGTH_MAX)} characters: why it does. It stands in every audit entry that the request makes, unless the body says why itself.`,
  'Every request takes `X-Request-Id`, up to 100 of letters, digits and ._:- , or gets one; the answer, the log and the audit trail bear it.',
];

/** The contract, made from the code. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Wharfage')
    .setVersion('2.0.0')
    .setDescription(
      [
        'Subscription and metered billing. Money is a decimal string in major units; instants are RFC 3339; errors are problem documents (RFC 9457).',
        ...HEADERS,
      ].join('\n\n'),
    )
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: whf_<environment>_<id>_<secret>.' })
    .addSecurityRequirements('bearer');
  for (const [tag, description] of Object.entries(TAGS)) builder.addTag(tag, description);
  return SwaggerModule.createDocument(app, builder.build(), { deepScanRoutes: true });
}

/** Serves the contract at /openapi.yaml and its rendering at /docs, from files of our own. */
export function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), { yamlDocumentUrl: 'openapi.yaml', jsonDocumentUrl: 'openapi.json' });
}
