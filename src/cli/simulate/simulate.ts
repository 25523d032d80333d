import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseJson } from '../../common/http/json.js';
import { type FieldProblem, Refusal } from '../../domain/refusal.js';
import { type Command, UsageError } from '../command.js';
import { type Answers, answersTo } from './answers.js';
import { type Difference, differences } from './check.js';
import { readFile, type SimulationFile } from './file.js';
import { tables } from './table.js';

const BAD_FILE = 2;

const out = (text: string): void => void process.stdout.write(text);
const err = (text: string): void => void process.stderr.write(text);

export const simulateCommand: Command = {
  summary: 'bill a story from a file, without a database and without a server',
  usage: `Usage: wharfage simulate FILE.json [--format json|table]
       wharfage simulate --check FILE.json ...

  FILE.json  a simulation file; - is standard input
  --format   json (the default), or table for people
  --check    compare what comes out with what each file expects; exit status 1 where it differs`,
  run(args) {
    const { check, format, files } = options(args);
    return Promise.resolve(check ? checkAll(files) : simulateOne(files[0] ?? '', format));
  },
};

function options(args: readonly string[]): { check: boolean; format: string; files: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { check: { type: 'boolean', default: false }, format: { type: 'string', default: 'json' } },
    });
    if (positionals.length === 0) throw new UsageError('name a file');
    if (!values.check && positionals.length > 1) throw new UsageError('one file at a time, but with --check');
    if (!['json', 'table'].includes(values.format)) throw new UsageError('--format is json or table');
    return { check: values.check, format: values.format, files: positionals };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

function simulateOne(path: string, format: string): number {
  const answers = answersOf(path);
  if (Array.isArray(answers)) {
    err(explained(path, answers));
    return BAD_FILE;
  }
  out(format === 'table' ? tables(answers as Answers) : `${JSON.stringify(answers, null, 2)}\n`);
  return 0;
}

/** Every file by itself; a bad one does not keep the others from being checked. */
function checkAll(files: readonly string[]): number {
  const statuses = files.map(checkOne);
  const passed = statuses.filter((status) => status === 0).length;
  out(`${String(passed)} passed, ${String(files.length - passed)} failed\n`);
  return Math.max(...statuses);
}

function checkOne(path: string): number {
  const file = readPath(path);
  const answers = Array.isArray(file) ? file : answersOf(path, file);
  if (Array.isArray(answers)) {
    out(`FAIL ${path}\n`);
    out(explained(path, answers));
    return BAD_FILE;
  }
  const { expect } = file as SimulationFile;
  if (expect === undefined) {
    out(`FAIL ${path}\n  /expect: missing: the file says nothing of what to expect\n`);
    return BAD_FILE;
  }
  const found = differences(expect, answers);
  out(found.length === 0 ? `ok   ${path}\n` : `FAIL ${path}\n${found.map(described).join('')}`);
  return found.length === 0 ? 0 : 1;
}

const described = ({ pointer, expected, actual }: Difference): string =>
  `  ${pointer}: expected ${JSON.stringify(expected)}, got ${actual === undefined ? 'nothing' : JSON.stringify(actual)}\n`;

const explained = (path: string, problems: readonly FieldProblem[]): string =>
  problems.map(({ pointer, code, detail }) => `  ${path}${pointer}: ${code}: ${detail}\n`).join('');

type Outcome<T> = T | readonly FieldProblem[];

function answersOf(path: string, read: Outcome<SimulationFile> = readPath(path)): Outcome<Answers> {
  if (Array.isArray(read)) return read as readonly FieldProblem[];
  return refusalsAsProblems(() => answersTo(read as SimulationFile));
}

const readPath = (path: string): Outcome<SimulationFile> => refusalsAsProblems(() => readFile(parseJson(text(path))));

function text(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new Refusal('invalid', 'unreadable_file', (error as Error).message);
  }
}

function refusalsAsProblems<T>(work: () => Outcome<T>): Outcome<T> {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.problems.length > 0 ? error.problems : [{ pointer: '', code: error.code, detail: error.detail }];
  }
}
