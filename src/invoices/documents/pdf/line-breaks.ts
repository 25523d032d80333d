/** Characters of scripts that are written without spaces: a line may break before and after each. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Breaks text into lines of at most `width`: where it has line breaks itself, at spaces, between characters of scripts without spaces, and
 * within a word that is longer than a line. There is always a line, if an empty one.
 */
export function linesOf(text: string, width: number, measure: (text: string) => number): string[] {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).flatMap((paragraph) => paragraphLines(paragraph, width, measure));
}

function paragraphLines(paragraph: string, width: number, measure: (text: string) => number): string[] {
  if (measure(paragraph) <= width) return [paragraph.trimEnd()];
  const lines: string[] = [];
  let line = '';
  for (const piece of piecesOf(paragraph).flatMap((whole) => fitting(whole, width, measure))) {
    if (line !== '' && measure((line + piece).trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = piece.trimStart();
    } else line += piece;
  }
  return [...lines, line.trimEnd()];
}

/** Words with the spaces after them, and single characters of scripts without spaces. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (const word of text.match(/\S+\s*|\s+/gu) ?? []) {
    let rest = '';
    for (const { segment } of graphemes.segment(word)) {
      if (!UNSPACED.test(segment)) {
        rest += segment;
        continue;
      }
      if (rest !== '') pieces.push(rest);
      pieces.push(segment);
      rest = '';
    }
    if (rest !== '') pieces.push(rest);
  }
  return pieces;
}

/** A piece that is longer than a line, in parts that are not. */
function fitting(piece: string, width: number, measure: (text: string) => number): string[] {
  if (measure(piece.trimEnd()) <= width) return [piece];
  const parts: string[] = [];
  let part = '';
  for (const { segment } of graphemes.segment(piece)) {
    if (part !== '' && measure(part + segment) > width) {
      parts.push(part);
      part = segment;
    } else part += segment;
  }
  return [...parts, part];
}
