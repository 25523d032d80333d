import { spawn } from 'node:child_process';
import { runCommand } from '../../src/cli/run-command.js';

/** What a command came to: its exit status, and what it told on standard output and standard error. */
export interface Ran {
  readonly status: number | null;
  readonly told: string;
  readonly errors: readonly string[];
}

type Env = Readonly<Record<string, string>>;

/** `wharfage` as an operator runs it, in a process of its own. Needs a build. */
export async function commandProcess(args: readonly string[], env: Env): Promise<Ran> {
  const child = spawn(process.execPath, ['dist/src/cli/main.js', ...args], { env: { ...process.env, ...env } });
  let [told, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return ran(status, told, said);
}

/** The same in this process, which is a second quicker. */
export async function commandHere(args: readonly string[], env: Env): Promise<Ran> {
  const before = process.env;
  const [stdout, stderr] = [listenTo(process.stdout), listenTo(process.stderr)];
  process.env = { ...before, ...env };
  try {
    const status = await runCommand(args);
    return ran(status, stdout.said(), stderr.said());
  } finally {
    for (const one of [stdout, stderr]) one.end();
    process.env = before;
  }
}

function listenTo(stream: NodeJS.WriteStream): { said(): string; end(): void } {
  const write = stream.write.bind(stream);
  let said = '';
  stream.write = (chunk: string | Uint8Array) => ((said += String(chunk)), true);
  return { said: () => said, end: () => (stream.write = write) };
}

const ran = (status: number | null, told: string, said: string): Ran => ({
  status,
  told: told.trim(),
  errors: said
    .trim()
    .split('\n')
    .filter((line) => line !== ''),
});
