import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const DIR = new URL('../../../shared/traces/', import.meta.url);
const EVENTS = new URL('nasa-ipsc-1993.ndjson.gz', DIR);
const EXPECTED = new URL('nasa-ipsc-1993.expected.csv', DIR);

/** Whether the trace of real usage lies beside the project. */
export const traceIsThere = existsSync(EVENTS) && existsSync(EXPECTED);

export interface Owed {
  readonly account: string;
  readonly month: string;
  readonly nodeHours: string;
  readonly billableNodeHours: string;
  readonly amount: string;
}

/** The events, one CloudEvent a line. */
export const traceLines = (): string[] => gunzipSync(readFileSync(EVENTS)).toString('utf8').trim().split('\n');

/** What each user owes for each month. */
export function traceExpected(): Owed[] {
  const [, ...rows] = readFileSync(EXPECTED, 'utf8').trim().split('\n');
  return rows.map((row) => {
    const [account = '', month = '', nodeHours = '', billableNodeHours = '', amount = ''] = row.trim().split(',');
    return { account, month, nodeHours, billableNodeHours, amount };
  });
}
