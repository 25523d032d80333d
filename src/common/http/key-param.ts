import { Param, type PipeTransform } from '@nestjs/common';
import { Refusal, refuseAll } from '../../domain/refusal.js';
import { isKey } from './field-rules.js';

class KeyPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    return requiredKey(value);
  }
}

/** @throws Refusal `invalid_key` */
export function requiredKey(value: string): string {
  if (!isKey(value))
    throw new Refusal('invalid', 'invalid_key', 'A key has 1 to 100 of a-z, 0-9 and ._:- , beginning with a letter or digit.');
  return value;
}

/** A caller's own key in the path. */
export const Key = (name = 'key'): ParameterDecorator => Param(name, new KeyPipe());

/** A body may repeat the key of its path, and name no other. */
export function requireSameKey(path: string, body: string | undefined): void {
  if (body !== undefined && body !== path)
    refuseAll([
      { pointer: '/key', code: 'key_differs', detail: `The path names "${path}": leave the key out of the body, or send the same.` },
    ]);
}
