import { open } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import type { ReRated } from '../../invoices/backtest/re-rate-accounts.js';
import { changeView } from '../../invoices/backtest/tally.js';
import { OperatorError } from '../command.js';

const COLUMNS = ['account', 'currency', 'current', 'draft', 'difference', 'change_percent', 'not_compared', 'detail'] as const;

/** A file with a line for each account, written as they come. */
export interface CsvFile {
  write(accounts: readonly ReRated[]): Promise<void>;
  close(): Promise<void>;
}

/** RFC 4180, with a header. @throws OperatorError where the file cannot be written */
export async function openCsv(path: string): Promise<CsvFile> {
  const file = await open(path, 'w').catch((error: unknown) => {
    throw new OperatorError(`the file cannot be written: ${(error as Error).message}`, { cause: error });
  });
  const write = async (rows: readonly (readonly string[])[]): Promise<void> => {
    await file.appendFile(stringify([...rows], { record_delimiter: 'windows' }));
  };
  await write([COLUMNS]);
  return { write: (accounts) => write(accounts.map(cells)), close: () => file.close() };
}

function cells(one: ReRated): readonly string[] {
  if ('code' in one) return [one.account, one.currency, '', '', '', '', one.code, one.detail];
  const { account, current, draft, difference, changePercent } = changeView(one);
  return [account, one.currency, current, draft, difference, changePercent ?? '', '', ''];
}
