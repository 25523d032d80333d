import type { Dataset } from '../common/datasets/dataset.js';
import { CREDIT_NOTES } from '../invoices/credit-notes/exported-credit-notes.js';
import { INVOICES } from '../invoices/exported-invoices.js';
import { INVOICE_LINES } from '../invoices/exported-lines.js';
import { JOURNAL } from '../ledger/exported-journal.js';
import { PAYMENTS } from '../payments/exported-payments.js';
import { USAGE } from '../usage/exported-usage.js';

/** All that can be exported. */
export const DATASETS: readonly Dataset[] = [INVOICES, INVOICE_LINES, CREDIT_NOTES, PAYMENTS, JOURNAL, USAGE];

export const DATASET_NAMES: readonly string[] = DATASETS.map(({ name }) => name);

export function datasetNamed(name: string): Dataset {
  const dataset = DATASETS.find((candidate) => candidate.name === name);
  if (!dataset) throw new RangeError(`there is no dataset ${name}`);
  return dataset;
}
