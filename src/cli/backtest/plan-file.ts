import { readFileSync } from 'node:fs';
import { parse, YAMLError } from 'yaml';
import { parseJson } from '../../common/http/json.js';
import { checkedBody } from '../../common/http/validation.js';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { PutPlanDto } from '../../plans/plans.dto.js';
import { OperatorError } from '../command.js';

/** A plan in a file, checked as the body of `PUT /v2/plans/{key}`. */
export interface PlanFile {
  readonly key: string;
  readonly body: PutPlanDto;
}

/**
 * YAML by its name (.yaml, .yml), else JSON. The key must be in it.
 * @throws Refusal `invalid_request` and those of bodies that are no JSON; OperatorError where the file cannot be read
 */
export function readPlanFile(path: string): PlanFile {
  const text = textOf(path);
  const value = parseJson(/\.ya?ml$/.test(path) ? JSON.stringify(yaml(text) ?? null) : text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal('invalid', 'invalid_request', 'The file must hold one plan: an object.');
  const { body, problems } = checkedBody(PutPlanDto, value);
  refuseAll([...(body.key === undefined ? [NO_KEY] : []), ...problems]);
  return { key: body.key ?? '', body };
}

const NO_KEY = { pointer: '/key', code: 'missing', detail: 'Name the plan, as in "key": "cloud".' };

function yaml(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    if (error instanceof YAMLError) throw new Refusal('invalid', 'invalid_yaml', `The file is no YAML: ${error.message}`);
    throw error;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError(`the file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
