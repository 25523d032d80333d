import { Refusal } from '../../domain/refusal.js';

export const DEPTH_MAX = 32;
const SIGNIFICANT_DIGITS_MAX = 15;
const EXPONENT_MAX = 15;

/**
 * A body's JSON, refused where JavaScript would read something else than was written: numbers of more than 15 significant digits or far
 * out of range, NUL characters (PostgreSQL holds none), `__proto__`, and nesting beyond 32 levels.
 * @throws Refusal `invalid_json`, `number_too_precise`, `number_out_of_range`, `nul_byte`, `too_deep`, `reserved_name`
 */
export function parseJson(text: string): unknown {
  refuseDepth(text);
  const value = parsed(text);
  for (const [number] of withoutStrings(text).matchAll(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) refuseNumber(number);
  refuseText(value);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal('invalid', 'invalid_json', `The body is not JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
}

/** JSON's own nesting, before anything walks it. */
function refuseDepth(text: string): void {
  let [depth, inString] = [0, false];
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > DEPTH_MAX) throw new Refusal('invalid', 'too_deep', `The body is nested deeper than ${String(DEPTH_MAX)} levels.`);
    } else if (character === '}' || character === ']') depth -= 1;
  }
}

const withoutStrings = (text: string): string => text.replace(/"(?:[^"\\]|\\.)*"/gs, '""');

/** Whether a JSON number is exactly what JavaScript makes of it. */
export function isExactNumber(text: string): boolean {
  const [digits = '', exponent = '0'] = text.replace('-', '').split(/[eE]/);
  const significant = digits.replace('.', '').replace(/^0+/, '').replace(/0+$/, '');
  return significant.length <= SIGNIFICANT_DIGITS_MAX && Math.abs(Number(exponent)) <= EXPONENT_MAX;
}

function refuseNumber(text: string): void {
  if (isExactNumber(text)) return;
  const outOfRange = Math.abs(Number(text.split(/[eE]/)[1] ?? 0)) > EXPONENT_MAX;
  const code = outOfRange ? 'number_out_of_range' : 'number_too_precise';
  throw new Refusal(
    'invalid',
    code,
    `The number ${text.slice(0, 40)} cannot be read exactly: send it as a string where a decimal is expected.`,
  );
}

/** No NUL in any string or name, and no name that JavaScript gives a meaning of its own. */
function refuseText(value: unknown): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new Refusal('invalid', 'nul_byte', 'A string contains the NUL character: leave it out.');
  } else if (Array.isArray(value)) {
    value.forEach(refuseText);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      if (name === '__proto__') throw new Refusal('invalid', 'reserved_name', 'No field may be called "__proto__".');
      refuseText(name);
      refuseText(item);
    }
  }
}
