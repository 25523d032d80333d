import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';

export type Format = 'csv' | 'jsonl';

/** What stands in one line of a file, or why that cannot be read. */
export interface FileLine {
  /** From 1; of a record over several lines, the last. */
  readonly line: number;
  readonly record: Readonly<Record<string, unknown>> | undefined;
  readonly problem?: string;
}

const LINE_LENGTH_MAX = 65_536;

/** Columns whose cells are numbers in JSON. */
const NUMBERS = /^(planVersion|quantities\..+)$/;
/** Columns whose cells are lists, with ";" between. */
const LISTS = /^taxRates$/;

export const records = (path: string, format: Format): AsyncIterable<FileLine> => (format === 'csv' ? csv(path) : jsonl(path));

async function* jsonl(path: string): AsyncIterable<FileLine> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() !== '') yield jsonLine(text, line);
  }
}

function jsonLine(text: string, line: number): FileLine {
  if (text.length > LINE_LENGTH_MAX)
    return { line, record: undefined, problem: `A line has at most ${String(LINE_LENGTH_MAX)} characters.` };
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return { line, record: record as FileLine['record'] };
  } catch {
    // said below
  }
  return { line, record: undefined, problem: 'The line is not a JSON object.' };
}

/** The first line names the fields; a dot leads into one, as in `address.city`. An empty cell is a field that is left out. */
async function* csv(path: string): AsyncIterable<FileLine> {
  const rows = createReadStream(path).pipe(
    parse({
      bom: true,
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: LINE_LENGTH_MAX,
    }),
  );
  let header: readonly string[] | undefined;
  for await (const { record, info } of rows as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    if (header === undefined) header = record.map((name) => name.trim());
    else if (record.length !== header.length)
      yield {
        line: info.lines,
        record: undefined,
        problem: `The line has ${String(record.length)} cells, and the first line names ${String(header.length)}.`,
      };
    else yield { line: info.lines, record: fieldsOf(header, record) };
  }
}

function fieldsOf(header: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  header.forEach((name, i) => {
    const cell = (cells[i] ?? '').trim();
    if (cell !== '') put(fields, name.split('.'), valueOf(name, cell));
  });
  return fields;
}

function valueOf(name: string, cell: string): unknown {
  if (LISTS.test(name)) return cell.split(';').map((item) => item.trim());
  return NUMBERS.test(name) && /^\d{1,15}$/.test(cell) ? Number(cell) : cell;
}

function put(fields: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    fields[name] = value;
    return;
  }
  const inner = (fields[name] ??= {}) as Record<string, unknown>;
  put(inner, rest, value);
}
