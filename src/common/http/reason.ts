import { Refusal } from '../../domain/refusal.js';

/** Says why a request changes what it changes: every audit entry that it makes bears it, unless the change says why itself. */
export const REASON_HEADER = 'wharfage-reason';

export const REASON_LENGTH_MAX = 500;

/**
 * The text of the header, which is UTF-8 though HTTP knows bytes only; undefined where it is empty.
 * @throws Refusal `reason_too_long`
 */
export function reasonOf(header: string): string | undefined {
  const text = decoded(header).trim();
  if (text.length > REASON_LENGTH_MAX)
    throw new Refusal('invalid', 'reason_too_long', `A Wharfage-Reason has at most ${String(REASON_LENGTH_MAX)} characters.`);
  return text === '' ? undefined : text;
}

/** Node reads headers as Latin-1: bytes that are no UTF-8 stay what they are. */
function decoded(header: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(header, 'latin1'));
  } catch {
    return header;
  }
}
