import { createReadStream } from 'node:fs';
import { type CsvError, parse } from 'csv-parse';
import { OperatorError } from '../command.js';
import { type FileLine, LINE_LENGTH_MAX } from './file-line.js';

/** Columns whose cells are numbers in JSON. */
const NUMBERS = /^(planVersion|quantities\..+)$/;
/** Columns whose cells are lists, with ";" between. */
const LISTS = /^taxRates$/;
/** Names that JavaScript gives a meaning of its own. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/** The first line names the fields; a dot leads into one, as in `address.city`. An empty cell is a field that is left out. */
export async function* csv(path: string, fields: readonly string[]): AsyncIterable<FileLine> {
  let header: readonly string[] | undefined;
  for await (const row of rows(path)) {
    if (!('cells' in row)) yield row;
    else if (header === undefined) header = headerOf(row.cells, fields);
    else if (row.cells.length !== header.length)
      yield {
        line: row.line,
        record: undefined,
        problem: `The line has ${String(row.cells.length)} cells, and the first line names ${String(header.length)}.`,
      };
    else yield { line: row.line, record: fieldsOf(header, row.cells) };
  }
}

/** What was read before a record that cannot be is kept; with that one the reading ends. */
async function* rows(path: string): AsyncIterable<Row | FileLine> {
  const read: Row[] = [];
  let last = 0;
  const parser = parse({
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LINE_LENGTH_MAX,
    on_record: (cells: string[], { lines }: { readonly lines: number }) => {
      read.push({ cells, line: lines });
      last = lines;
      return null; // nothing goes on through the stream, which an error would empty
    },
  });
  let failure: CsvError | undefined;
  parser.on('error', (error: CsvError) => (failure ??= error));
  for await (const chunk of createReadStream(path)) {
    await new Promise<void>((resolve) => void parser.write(chunk, () => resolve()));
    yield* read.splice(0);
    if (failure) break;
  }
  if (!failure) await new Promise<void>((resolve) => void parser.once('error', () => resolve()).end(() => resolve()));
  yield* read.splice(0);
  if (failure) yield { line: last + 1, record: undefined, problem: problemOf(failure) };
}

const problemOf = ({ code }: CsvError): string =>
  code === 'CSV_MAX_RECORD_SIZE'
    ? `The record that begins here has more than ${String(LINE_LENGTH_MAX)} bytes: look for a quote that is not closed. What follows was not read.`
    : 'A quote is opened in the record that begins here, and closed nowhere. What follows was not read.';

/** @throws OperatorError */
function headerOf(cells: readonly string[], fields: readonly string[]): readonly string[] {
  const names = cells.map((name) => name.trim());
  const [twice] = names.filter((name, i) => names.slice(0, i).some((other) => overlap(name, other)));
  if (twice !== undefined) throw new OperatorError(`the first line names the field "${twice}" twice`);
  const reserved = names.find((name) => name.split('.').some((part) => RESERVED.has(part)));
  if (reserved !== undefined) throw new OperatorError(`no field is called "${reserved}"`);
  if (names.some((name) => fields.includes(name.split('.')[0] ?? ''))) return names;
  throw new OperatorError(`the first line of the file names none of the fields ${fields.join(', ')}: it must name them, with "," between`);
}

/** Whether both name the same field, or one leads into the other. */
const overlap = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

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
