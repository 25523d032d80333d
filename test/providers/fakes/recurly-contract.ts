import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

/**
 * Recurly's official OpenAPI document, out of its package. It has forty thousand lines, so that only the parts in use are parsed, once in a process.
 * Bodies may have no field that it does not name.
 */
const FILE = join(dirname(createRequire(import.meta.url).resolve('recurly')), '..', 'openapi', 'api.yaml');

let known: RecurlyContract | undefined;

interface Operation {
  readonly parameters?: readonly { readonly $ref: string }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: { readonly $ref: string } } } };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> }>
  >;
}

export class RecurlyContract {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  private readonly text = readFileSync(FILE, 'utf8');
  private readonly paths = this.parts(this.section('\npaths:\n'), 2);
  private readonly schemas = this.parts(this.section('\n  schemas:\n'), 4);
  private readonly parameters = this.parts(this.section('\n  parameters:\n'), 4);
  private readonly added = new Set<string>();
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly operations = new Map<string, Readonly<Record<string, Operation>>>();

  static official(): RecurlyContract {
    return (known ??= new RecurlyContract());
  }

  /** Compiles the validators of routes ahead: within a request it would take longer than its sender waits. */
  warm(routes: readonly (readonly [verb: string, path: string])[]): void {
    for (const [verb, path] of routes) {
      this.problems(verb, path, { query: new URLSearchParams(), body: {} });
      for (const status of [200, 201]) this.answerProblems(verb, path, { status, body: {} });
    }
  }

  /** What is wrong with a request; `undefined` for a route that there is not. */
  problems(verb: string, path: string, { query, body }: { query: URLSearchParams; body: unknown }): string[] | undefined {
    const operation = this.operation(verb, path);
    if (!operation) return undefined;
    const taken = (operation.parameters ?? []).map(({ $ref }) => this.parameterName($ref.split('/').at(-1) ?? ''));
    const unknown = [...query.keys()].filter((name) => !taken.includes(name)).map((name) => `${name}: there is no such parameter`);
    const { schema } = operation.requestBody?.content['application/json'] ?? {};
    if (!schema) return body === undefined ? unknown : [...unknown, 'no body is taken'];
    return [...unknown, ...this.validate(schema.$ref, body)];
  }

  /** What is wrong with an answer of the fake. */
  answerProblems(verb: string, path: string, { status, body }: { status: number; body: unknown }): string[] {
    const { responses = {} } = this.operation(verb, path) ?? {};
    const { schema } = Object.values((responses[String(status)] ?? responses['default'])?.content ?? {})[0] ?? {};
    return schema ? this.validate(schema.$ref, status >= 400 ? (body as { error: unknown }).error : body) : [];
  }

  private operation(verb: string, path: string): Operation | undefined {
    const templates = [...this.paths.keys()].filter((template) => new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path));
    const template = templates.find((candidate) => !candidate.includes('{')) ?? templates[0];
    if (template === undefined) return undefined;
    const operations = this.operations.get(template) ?? (parse(this.paths.get(template) ?? '') as Record<string, Operation>);
    this.operations.set(template, operations);
    return operations[verb.toLowerCase()];
  }

  private validate(ref: string, value: unknown): string[] {
    const name = ref.split('/').at(-1) ?? '';
    this.add(name);
    const validator =
      this.validators.get(name) ?? this.ajv.compile({ $id: `/closed/${name}`, $ref: `/schemas/${name}`, unevaluatedProperties: false });
    this.validators.set(name, validator);
    validator(value);
    return (validator.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath}: ${message ?? ''} ${JSON.stringify(params)}`,
    );
  }

  /** A schema and all that it refers to, for the validator. */
  private add(name: string): void {
    if (this.added.has(name)) return;
    this.added.add(name);
    const schema = this.local(parse(this.schemas.get(name) ?? '{}'));
    const referred = new Set<string>();
    JSON.stringify(schema, (key, value: unknown) => {
      if (key === '$ref') referred.add(/^\/schemas\/([^#]+)/.exec(String(value))?.[1] ?? '');
      return value;
    });
    this.ajv.addSchema({ $id: `/schemas/${name}`, ...(schema as object) });
    for (const other of referred) this.add(other);
  }

  /** `#/components/schemas/A/properties/b` is `schemas/A#/properties/b`. Patterns are written as Ruby has them, and what may be null says so nowhere. */
  private local(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.local(item));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(
      ([key, item]) => key !== 'pattern' && key !== 'example' && !(key === 'description' && typeof item === 'string'),
    );
    return Object.fromEntries(entries.map(([key, item]) => [key, key === '$ref' ? localRef(String(item)) : this.within(key, item)]));
  }

  /** What stands in a property or a list has no field either that is not named. */
  private within(key: string, item: unknown): unknown {
    if (key === 'items') return closed(this.local(item));
    if (key !== 'properties' || typeof item !== 'object' || item === null) return this.local(item);
    return Object.fromEntries(Object.entries(item).map(([name, schema]) => [name, closed(this.local(schema))]));
  }

  private parameterName(name: string): string {
    return (parse(this.parameters.get(name) ?? '{}') as { name?: string }).name ?? name;
  }

  /** The lines below a heading, up to the next one that is not deeper. */
  private section(heading: string): string {
    const start = this.text.indexOf(heading) + heading.length;
    const depth = /^\n( *)/.exec(heading)?.[1]?.length ?? 0;
    const rest = this.text.slice(start);
    const end = rest.search(new RegExp(`^ {0,${String(depth)}}\\S`, 'm'));
    return end < 0 ? rest : rest.slice(0, end);
  }

  private parts(section: string, depth: number): Map<string, string> {
    const parts = section.split(new RegExp(`^ {${String(depth)}}(?=[^ \\n])`, 'm')).filter((part) => part.includes(':'));
    return new Map(
      parts.map((part) => [part.slice(0, part.indexOf('\n')).replace(/:\s*$/, '').replaceAll('"', ''), part.slice(part.indexOf('\n') + 1)]),
    );
  }
}

const closed = (schema: unknown): unknown =>
  typeof schema === 'object' && schema !== null && '$ref' in schema ? { ...schema, unevaluatedProperties: false } : schema;

function localRef(ref: string): string {
  const [name = '', ...rest] = ref.replace('#/components/schemas/', '').split('/');
  return `/schemas/${name}${rest.length > 0 ? `#/${rest.join('/')}` : ''}`;
}
