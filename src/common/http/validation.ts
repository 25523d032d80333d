import { type ArgumentMetadata, Injectable, ValidationPipe, type ValidationError } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { type FieldProblem, Refusal, refuseAll } from '../../domain/refusal.js';

/** Codes of class-validator's own rules as callers see them; our own rules are named after their codes. */
const CODES: Readonly<Record<string, string>> = {
  whitelistValidation: 'unknown_field',
  isString: 'not_a_string',
  isInt: 'not_an_integer',
  isNumber: 'not_a_number',
  isBoolean: 'not_a_boolean',
  isArray: 'not_a_list',
  isObject: 'not_an_object',
  nestedValidation: 'not_an_object',
  isIn: 'not_allowed',
  isEnum: 'not_allowed',
  isEmail: 'invalid_email',
  isLength: 'invalid_length',
  maxLength: 'too_long',
  minLength: 'too_short',
  min: 'too_small',
  max: 'too_large',
  matches: 'invalid_format',
  arrayMaxSize: 'too_many',
  arrayMinSize: 'too_few',
  arrayNotEmpty: 'too_few',
  arrayUnique: 'not_unique',
  isNotEmpty: 'missing',
  isDefined: 'missing',
};

/** A value by the rules of a body's class, as a request would be checked: the body, and all that is wrong with it. */
export function checkedBody<Body extends object>(
  Body: new () => Body,
  value: object,
): { readonly body: Body; readonly problems: FieldProblem[] } {
  const body = plainToInstance(Body, value);
  const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };
  return { body, problems: fieldProblems(validateSync(body, options)) };
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** class-validator's tree as a flat list with RFC 6901 pointers. */
export function fieldProblems(tree: readonly ValidationError[], at = ''): FieldProblem[] {
  return tree.flatMap((error) => {
    const pointer = `${at}/${escaped(error.property)}`;
    return [...ownProblem(error, pointer), ...fieldProblems(error.children ?? [], pointer)];
  });
}

/** One problem a field: what is of the wrong type fails other rules too, and those would say nothing. */
function ownProblem({ constraints = {}, value }: ValidationError, pointer: string): FieldProblem[] {
  const failed = Object.entries(constraints);
  const [rule, detail] = failed.find(([name]) => TYPE_RULES.has(name)) ?? failed[0] ?? [];
  return rule === undefined ? [] : [{ pointer, code: codeOf(rule, value), detail: detail ?? '' }];
}

const TYPE_RULES = new Set(['whitelistValidation', 'must_be_string', 'isString', 'isInt', 'isNumber', 'isBoolean', 'isArray', 'isObject']);

/** An absent field fails every rule about its value: what it lacks is the field. */
const codeOf = (rule: string, value: unknown): string =>
  value === undefined && rule !== 'whitelistValidation' ? 'missing' : (CODES[rule] ?? rule);

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Checks bodies and queries by their classes. A body is a JSON object; none at all is one without fields. */
@Injectable()
class Validation extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && value !== undefined && !isRecord(value))
      refuseAll([{ pointer: '', code: 'not_an_object', detail: 'The body must be a JSON object.' }]);
    return (await super.transform(value, metadata)) as unknown;
  }
}

export const validation = (): ValidationPipe =>
  new Validation({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: true },
    exceptionFactory: (tree) => {
      refuseAll(fieldProblems(tree));
      return new Refusal('invalid', 'invalid_request', 'The body must be a JSON object.');
    },
  });
