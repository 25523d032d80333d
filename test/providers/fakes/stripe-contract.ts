import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import ts from 'typescript';

/**
 * What Stripe takes, derived from the code and the type declarations of its SDK, which are generated from its OpenAPI document: paths and verbs from the
 * first, parameters from the second. Only the files of the routes in use are read, once in a process.
 */

const RESOURCES = ['Customers', 'SetupIntents', 'Checkout/Sessions', 'PaymentMethods', 'PaymentIntents', 'Refunds'];
const ROOT = join(dirname(createRequire(import.meta.url).resolve('stripe')), '..', 'esm');

type Declared = ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

interface Scope {
  readonly names: ReadonlyMap<string, Declared>;
  readonly prefix: readonly string[];
}

interface Route {
  readonly verb: string;
  readonly pattern: RegExp;
  readonly template: string;
  readonly params: string | undefined;
  readonly names: ReadonlyMap<string, Declared>;
}

/** As it is sent: a form, where everything is text, or JSON. */
type Wire = 'form' | 'json';

let known: StripeContract | undefined;

export class StripeContract {
  private readonly routes: readonly Route[];
  private readonly names = new Map<string, ReadonlyMap<string, Declared>>();

  static derived(): StripeContract {
    return (known ??= new StripeContract());
  }

  private constructor() {
    const shared = declarations('shared.d.ts');
    this.routes = RESOURCES.flatMap((resource) => {
      const names = new Map([...shared, ...declarations(`resources/${resource}.d.ts`)]);
      this.names.set(resource, names);
      return routesOf(resource, names);
    });
  }

  /** What is wrong with a request; `undefined` for a route that there is not. */
  problems(verb: string, path: string, params: unknown): string[] | undefined {
    const route = this.routes
      .filter((candidate) => candidate.verb === verb && candidate.pattern.test(path))
      .sort((a, b) => Number(a.template.includes('$')) - Number(b.template.includes('$')))[0];
    if (!route) return undefined;
    if (route.params === undefined) return Object.keys(params as object).length === 0 ? [] : ['no parameters are taken'];
    return checkNamed(route.params, params, { wire: 'form', at: '', scope: { names: route.names, prefix: [] } });
  }

  /** What is wrong with an object of an answer: fields that there are not, and values of other types. Fields may be left out. */
  answerProblems(resource: string, type: string, value: unknown): string[] {
    return checkNamed(type, value, {
      wire: 'json',
      at: '',
      scope: { names: this.names.get(resource) ?? new Map<string, Declared>(), prefix: [] },
    });
  }
}

function declarations(file: string): Map<string, Declared> {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, false);
  const found = new Map<string, Declared>();
  const visit = (statements: readonly ts.Statement[], prefix: string): void => {
    for (const statement of statements) {
      if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
        found.set(`${prefix}${statement.name.text}`, statement);
      if (ts.isModuleDeclaration(statement) && statement.body && ts.isModuleBlock(statement.body))
        visit(statement.body.statements, `${prefix}${statement.name.text}.`);
    }
  };
  visit(source.statements, '');
  return found;
}

const CALL = /^ {4}(\w+)\([^)]*\) \{\s*return this\._makeRequest\('(\w+)', [`']([^`']+)[`']/gm;

function routesOf(resource: string, names: ReadonlyMap<string, Declared>): Route[] {
  const code = readFileSync(join(ROOT, `resources/${resource}.js`), 'utf8');
  const types = readFileSync(join(ROOT, `resources/${resource}.d.ts`), 'utf8');
  return [...code.matchAll(CALL)].map(([, name = '', verb = '', template = '']) => ({
    verb,
    template,
    pattern: new RegExp(`^${template.replace(/\$\{[^}]+\}/g, '[^/]+')}$`),
    params: new RegExp(`^ {4}${name}\\([^)]*params\\??: ([\\w.]+)`, 'm').exec(types)?.[1],
    names,
  }));
}

interface Place {
  readonly wire: Wire;
  readonly at: string;
  readonly scope: Scope;
}

/** A name is looked for in the name spaces around, the inner ones first; those of other files are not known. */
function resolved(name: string, { names, prefix }: Scope): { readonly declared: Declared; readonly scope: Scope } | undefined {
  for (let depth = prefix.length; depth >= 0; depth -= 1) {
    const full = [...prefix.slice(0, depth), name].join('.');
    const declared = names.get(full) ?? (depth === 0 ? names.get(`Checkout.${full}`) : undefined);
    if (declared) return { declared, scope: { names, prefix: full.split('.').slice(0, -1) } };
  }
  return undefined;
}

function checkNamed(name: string, value: unknown, place: Place): string[] {
  const found = resolved(name, place.scope);
  if (!found) return place.wire === 'form' ? [`${place.at}: the type ${name} is not known`] : [];
  const { declared, scope } = found;
  return ts.isTypeAliasDeclaration(declared)
    ? check(declared.type, value, { ...place, scope })
    : checkInterface(declared, value, { ...place, scope });
}

interface Fields {
  readonly known: Map<string, { readonly type: ts.TypeNode; readonly optional: boolean; readonly scope: Scope }>;
  any: ts.TypeNode | undefined;
}

function fieldsOf(declared: ts.InterfaceDeclaration, scope: Scope): Fields {
  const fields: Fields = { known: new Map(), any: undefined };
  for (const { expression } of declared.heritageClauses?.flatMap(({ types }) => [...types]) ?? []) {
    const base = ts.isIdentifier(expression) ? resolved(expression.text, scope) : undefined;
    if (base && ts.isInterfaceDeclaration(base.declared))
      for (const [name, field] of fieldsOf(base.declared, base.scope).known) fields.known.set(name, field);
  }
  const inner = { names: scope.names, prefix: scope.prefix };
  for (const member of declared.members) {
    if (ts.isIndexSignatureDeclaration(member)) fields.any = member.type;
    if (!ts.isPropertySignature(member) || !member.type) continue;
    const name = ts.isIdentifier(member.name) || ts.isStringLiteral(member.name) ? member.name.text : '';
    fields.known.set(name, { type: member.type, optional: member.questionToken !== undefined, scope: inner });
  }
  return fields;
}

function checkInterface(declared: ts.InterfaceDeclaration, value: unknown, place: Place): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${place.at}: an object is wanted`];
  const fields = fieldsOf(declared, place.scope);
  const given = Object.entries(value).flatMap(([name, item]) => {
    const at = `${place.at}/${name}`;
    const field = fields.known.get(name);
    if (field) return check(field.type, item, { wire: place.wire, at, scope: field.scope });
    return fields.any ? check(fields.any, item, { ...place, at }) : [`${at}: there is no such parameter`];
  });
  if (place.wire === 'json') return given;
  const missing = [...fields.known]
    .filter(([name, { optional }]) => !optional && !(name in value))
    .map(([name]) => `${place.at}/${name}: is missing`);
  return [...given, ...missing];
}

function check(type: ts.TypeNode, value: unknown, place: Place): string[] {
  const { wire, at } = place;
  const isOf = (right: boolean, wanted: string): string[] => (right ? [] : [`${at}: ${wanted} is wanted, not ${JSON.stringify(value)}`]);
  if (ts.isUnionTypeNode(type)) {
    const all = type.types.map((one) => check(one, value, place));
    return all.find((problems) => problems.length === 0) ?? all.at(-1) ?? [];
  }
  if (ts.isParenthesizedTypeNode(type)) return check(type.type, value, place);
  if (ts.isArrayTypeNode(type)) return checkArray(type.elementType, value, place);
  if (ts.isTypeReferenceNode(type)) return checkReference(type, value, place);
  if (ts.isLiteralTypeNode(type)) return checkLiteral(type.literal, value, place);
  switch (type.kind) {
    case ts.SyntaxKind.StringKeyword:
      return isOf(typeof value === 'string', 'text');
    case ts.SyntaxKind.NumberKeyword:
      return isOf(wire === 'form' ? typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) : typeof value === 'number', 'a number');
    case ts.SyntaxKind.BooleanKeyword:
      return isOf(wire === 'form' ? value === 'true' || value === 'false' : typeof value === 'boolean', 'true or false');
    default:
      return wire === 'form' ? [`${at}: a type that is not understood`] : [];
  }
}

function checkLiteral(literal: ts.LiteralTypeNode['literal'], value: unknown, { wire, at }: Place): string[] {
  const isRight =
    literal.kind === ts.SyntaxKind.NullKeyword
      ? value === (wire === 'form' ? '' : null)
      : ts.isStringLiteral(literal)
        ? value === literal.text
        : String(value) === String(literal.kind === ts.SyntaxKind.TrueKeyword);
  return isRight ? [] : [`${at}: ${JSON.stringify(value)} is not among the values`];
}

function checkReference({ typeName, typeArguments }: ts.TypeReferenceNode, value: unknown, place: Place): string[] {
  const name = nameOf(typeName);
  const [argument] = typeArguments ?? [];
  if (name === 'Array' && argument) return checkArray(argument, value, place);
  if (name === 'Emptyable' && argument) return value === '' ? [] : check(argument, value, place);
  if (name === 'OtherString') return [`${place.at}: ${JSON.stringify(value)} is a value that Stripe does not document`];
  return checkNamed(name, value, place);
}

const nameOf = (name: ts.EntityName): string => (ts.isIdentifier(name) ? name.text : `${nameOf(name.left)}.${name.right.text}`);

function checkArray(element: ts.TypeNode, value: unknown, place: Place): string[] {
  if (!Array.isArray(value)) return [`${place.at}: a list is wanted`];
  return value.flatMap((item, i) => check(element, item, { ...place, at: `${place.at}/${String(i)}` }));
}

/** A form with names such as `metadata[key]` and `expand[0]`. */
export function formOf(text: string): unknown {
  const root: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.replaceAll(']', '').split('[');
    let at = root;
    path.slice(0, -1).forEach((part) => (at = (at[part] ??= {}) as Record<string, unknown>));
    at[path.at(-1) ?? ''] = value;
  }
  return withLists(root);
}

function withLists(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, withLists(item)] as const);
  const isList = entries.length > 0 && entries.every(([name], i) => name === String(i));
  return isList ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}
