import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseJson } from '../../common/http/json.js';
import { Refusal } from '../../domain/refusal.js';
import { csv } from './csv.js';
import { type FileLine, LINE_LENGTH_MAX } from './file-line.js';

export type Format = 'csv' | 'jsonl';

/** The lines of a file whose fields have these names. @throws OperatorError where the first line of a CSV file names none of them */
export const records = (path: string, format: Format, fields: readonly string[]): AsyncIterable<FileLine> =>
  format === 'csv' ? csv(path, fields) : jsonl(path);

async function* jsonl(path: string): AsyncIterable<FileLine> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() !== '') yield jsonLine(line === 1 ? text.replace(/^\uFEFF/, '') : text, line);
  }
}

function jsonLine(text: string, line: number): FileLine {
  if (text.length > LINE_LENGTH_MAX)
    return { line, record: undefined, problem: `A line has at most ${String(LINE_LENGTH_MAX)} characters.` };
  try {
    const record = parseJson(text);
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return { line, record: record as FileLine['record'] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code !== 'invalid_json') return { line, record: undefined, problem: error.detail };
  }
  return { line, record: undefined, problem: 'The line is not a JSON object.' };
}
