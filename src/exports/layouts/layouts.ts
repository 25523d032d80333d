import { GENERAL_JOURNAL } from './general-journal.js';
import type { Layout } from './layout.js';
import { NETSUITE } from './netsuite.js';
import { QUICKBOOKS } from './quickbooks.js';
import { XERO } from './xero.js';

export const LAYOUTS = ['xero', 'quickbooks', 'netsuite', 'general-journal'] as const;
export type LayoutName = (typeof LAYOUTS)[number];

const OF: Readonly<Record<LayoutName, Layout>> = {
  xero: XERO,
  quickbooks: QUICKBOOKS,
  netsuite: NETSUITE,
  'general-journal': GENERAL_JOURNAL,
};

export const layoutNamed = (name: LayoutName): Layout => OF[name];

/** The layouts that rows of the dataset can be written in. */
export const layoutsOf = (dataset: string): LayoutName[] => LAYOUTS.filter((name) => OF[name].dataset === dataset);
