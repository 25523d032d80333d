import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../../src/openapi-document.js';

/** For all services that a test file starts: validators are compiled once. */
let known: Contract | undefined;

export interface Answer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Checks answers against the contract; fields that it does not name are refused. */
export class Contract {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly compiled = new Map<string, ValidateFunction>();
  private readonly paths: readonly { readonly path: string; readonly pattern: RegExp }[];

  /** The contract of the code under test: made once in a test run, by whoever comes first. */
  static of(app: NestFastifyApplication): Contract {
    const file = join(process.env['TEST_RUN_DIR'] ?? '', 'contract.json');
    if (!existsSync(file)) {
      const draft = `${file}.${String(process.pid)}`;
      writeFileSync(draft, JSON.stringify(openApiDocument(app)));
      renameSync(draft, file);
    }
    return (known ??= new Contract(JSON.parse(readFileSync(file, 'utf8')) as OpenAPIObject));
  }

  private constructor(private readonly document: OpenAPIObject) {
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.ajv);
    this.ajv.addSchema(closed(document) as object, 'api');
    this.paths = Object.keys(document.paths).map((path) => ({
      path,
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
    }));
  }

  /** Throws unless the answer is one that the contract describes. */
  check({ method, url, status, contentType, body }: Answer): void {
    const location = url.split('?')[0] ?? url;
    const candidates = this.paths.filter(({ pattern }) => pattern.test(location)).map(({ path }) => path);
    const path = candidates.find((candidate) => !candidate.includes('{')) ?? candidates[0];
    const operation =
      path === undefined
        ? undefined
        : (this.document.paths[path] as Record<string, { responses: Record<string, unknown> }>)[method.toLowerCase()];
    if (path === undefined || operation === undefined) {
      if (status === 404) return; // no such route: not in the contract
      throw new Error(`${method} ${location} answers ${String(status)}, and is not in the contract`);
    }
    if (!(String(status) in operation.responses))
      throw new Error(`${method} ${path} answers ${String(status)}, which the contract does not describe: ${body.slice(0, 500)}`);
    if (status === 204 || !contentType.includes('json')) return;
    const validate = this.validator([
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      contentType.split(';')[0] ?? '',
      'schema',
    ]);
    for (const document of contentType.includes('ndjson') ? body.split('\n').filter((line) => line !== '') : [body])
      if (!validate(JSON.parse(document)))
        throw new Error(`${method} ${path} ${String(status)}: ${this.ajv.errorsText(validate.errors)}\n${document.slice(0, 2000)}`);
  }

  private validator(path: readonly string[]): ValidateFunction {
    const pointer = `api#/${path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const known = this.compiled.get(pointer) ?? this.ajv.compile({ $ref: pointer });
    this.compiled.set(pointer, known);
    return known;
  }
}

/** The document with every object schema closed that says nothing of further fields. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, closed(item)]));
  if (copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy)) copy['additionalProperties'] = false;
  return copy;
}
