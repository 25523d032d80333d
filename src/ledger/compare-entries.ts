import type { Difference } from '../common/checks.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, type Instant } from '../domain/instant.js';
import type { BookedEntry } from '../domain/journal-chain.js';
import type { CausedEntry } from './ledger.service.js';

/** What is wrong with the entries of a document: those that it should have against those that it has. */
export function entryDifferences(
  subject: string,
  wanted: readonly CausedEntry[],
  booked: readonly BookedEntry[],
  { instants = true }: { readonly instants?: boolean } = {},
): Difference[] {
  const left = new Map(booked.map((entry) => [nameOf(entry.causeKind, entry.causeId, entry.purpose), entry]));
  const differences = wanted.flatMap((should) => {
    const name = nameOf(should.causeKind, should.causeId, should.entry.purpose);
    const is = left.get(name);
    left.delete(name);
    if (!is) return [{ subject, detail: `has no entry ${name}` }];
    const [wantedText, bookedText] = [wantedContent(should, instants), bookedContent(is, instants)];
    return wantedText === bookedText ? [] : [{ subject, detail: `${is.id} (${name}) is ${bookedText}, but should be ${wantedText}` }];
  });
  return [...differences, ...[...left].map(([name, { id }]) => ({ subject, detail: `${id} (${name}) is an entry too many` }))];
}

/** SQL for entries of a kind of cause that is not there: their ids as `subject`. */
export const orphansSql = (causeKind: string, isThere: string): string => `
  select e.id as subject, 'its cause ' || e.cause_id || ' is not there' as detail
  from journal_entry e where e.cause_kind = '${causeKind}' and not exists (${isThere}) and ($1::uuid is null or e.account_id = $1) order by e.id`;

const nameOf = (causeKind: string, causeId: string, purpose: string): string => `${purpose} of ${causeKind} ${causeId}`;

function wantedContent({ at, invoiceId, causeKind, causeId, entry: { currency, postings } }: CausedEntry, instants: boolean): string {
  return content({ at: instants ? at : null, invoiceId: invoiceId ?? (causeKind === 'invoice' ? causeId : null), currency, postings });
}

const bookedContent = ({ eventAt, invoiceId, currency, postings }: BookedEntry, instants: boolean): string =>
  content({ at: instants ? eventAt : null, invoiceId, currency, postings });

type Content = Pick<BookedEntry, 'invoiceId' | 'currency' | 'postings'> & { readonly at: Instant | null };

function content({ at, invoiceId, currency, postings }: Content): string {
  const amounts = postings.map(({ ledgerAccount, amountMinor }) => `${ledgerAccount} ${formatMoney(amountMinor, currency)}`);
  return [...(at === null ? [] : [formatInstant(at)]), ...(invoiceId === null ? [] : [invoiceId]), ...amounts].join(', ');
}
