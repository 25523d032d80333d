import { createReadStream } from 'node:fs';
import { OperatorError } from '../command.js';

/** What a decoder throws with. */
const NO_TEXT = 'ERR_ENCODING_INVALID_ENCODED_DATA';

/** Looks through the whole file before anything of it is taken in. @throws OperatorError where it is empty, or no text in UTF-8 */
export async function refuseUnreadable(path: string): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let hasText = false;
  try {
    for await (const chunk of createReadStream(path)) {
      const text = decoder.decode(chunk as Buffer, { stream: true });
      if (text.includes('\0')) throw Object.assign(new Error('NUL'), { code: NO_TEXT });
      hasText ||= text.trim() !== '';
    }
    decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== NO_TEXT) throw error;
    throw new OperatorError(`${path} is no text in UTF-8: write the file as CSV or JSON Lines in that encoding`);
  }
  if (!hasText) throw new OperatorError(`${path} is empty: there is nothing to take in`);
}
