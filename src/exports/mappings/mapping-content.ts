export type Codes = Readonly<Record<string, string>>;

export const codeOf = (codes: Codes, key: string): string | undefined => (Object.hasOwn(codes, key) ? codes[key] : undefined);

export const DATE_FORMATS = ['DD/MM/YYYY', 'MM/DD/YYYY', 'DD.MM.YYYY', 'YYYY-MM-DD'] as const;

/** What the accounts of an accounting system are called: one mapping for each system, or each set of books. */
export interface MappingContent {
  readonly products: Codes;
  readonly plans: Codes;
  /** By `plan/price`. */
  readonly prices: Codes;
  /** By tax rate, or by the tax rates of a line with a blank in between. */
  readonly taxes: Codes;
  /** The tax code of lines without tax. */
  readonly untaxed: string | null;
  readonly ledgerAccounts: Codes;
  /** As the layout has it, where absent. */
  readonly dateFormat: (typeof DATE_FORMATS)[number] | null;
  /** Where the books are kept: which day an invoice belongs to. */
  readonly timeZone: string;
}
