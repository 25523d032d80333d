import { inflateSync } from 'node:zlib';

interface Piece {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/**
 * The text of a PDF, page by page and line by line, from left to right with a blank between pieces; as a reader copies it: by the Unicode values
 * that its fonts give to glyphs. Reads what pdfkit writes, which is not all that a PDF may be.
 */
export function pdfPages(pdf: Buffer): string[][] {
  const objects = objectsOf(pdf);
  const fonts = fontsOf(objects);
  return pageRefs(objects).map((ref) => {
    const page = objects.get(ref)?.dictionary ?? '';
    const contents = /\/Contents (\d+) 0 R/.exec(page)?.[1];
    return linesOf(piecesOf(objects.get(contents ?? '')?.stream?.toString('latin1') ?? '', fonts));
  });
}

/** The bytes of the files that it carries, by name. */
export function pdfAttachments(pdf: Buffer): Record<string, string> {
  const objects = objectsOf(pdf);
  const found = [...objects.values()].flatMap(({ dictionary }) => {
    const name = /\/Type \/Filespec[\s\S]*\/F \(([^)]*)\)/.exec(dictionary)?.[1];
    const ref = /\/EF <<\s*\/F (\d+) 0 R/.exec(dictionary)?.[1];
    return name === undefined || ref === undefined ? [] : [[name, objects.get(ref)?.stream?.toString('utf8') ?? ''] as const];
  });
  return Object.fromEntries(found);
}

interface PdfObject {
  readonly dictionary: string;
  readonly stream: Buffer | undefined;
}

export function objectsOf(pdf: Buffer): Map<string, PdfObject> {
  const text = pdf.toString('latin1');
  const objects = new Map<string, PdfObject>();
  for (const match of text.matchAll(/(?<=\n)(\d+) 0 obj\n/g)) {
    const start = match.index + match[0].length;
    const streamAt = text.indexOf('stream\n', start);
    const endAt = text.indexOf('\nendobj', start);
    const hasStream = streamAt >= 0 && streamAt < endAt;
    const dictionary = text.slice(start, hasStream ? streamAt : endAt);
    const length = Number(/\/Length (\d+)/.exec(dictionary)?.[1] ?? 0);
    const raw = hasStream ? pdf.subarray(streamAt + 7, streamAt + 7 + length) : undefined;
    objects.set(match[1]!, { dictionary, stream: raw && dictionary.includes('/FlateDecode') ? inflateSync(raw) : raw });
  }
  return objects;
}

function pageRefs(objects: ReadonlyMap<string, PdfObject>): string[] {
  const pages = [...objects.values()].find(({ dictionary }) => /\/Type \/Pages\b/.test(dictionary))?.dictionary ?? '';
  return [...(/\/Kids \[([^\]]*)\]/.exec(pages)?.[1] ?? '').matchAll(/(\d+) 0 R/g)].map((match) => match[1]!);
}

/** For each font, by its name in pages, the text of each glyph. */
function fontsOf(objects: ReadonlyMap<string, PdfObject>): Map<string, string[]> {
  const fonts = new Map<string, string[]>();
  for (const { dictionary } of objects.values())
    for (const [, name, ref] of dictionary.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const cmap = /\/ToUnicode (\d+) 0 R/.exec(objects.get(ref!)?.dictionary ?? '')?.[1];
      if (cmap !== undefined) fonts.set(name!, glyphTexts(objects.get(cmap)?.stream?.toString('latin1') ?? ''));
    }
  return fonts;
}

function glyphTexts(cmap: string): string[] {
  const texts: string[] = [];
  for (const [, from, list] of cmap.matchAll(/<([0-9a-f]+)> <[0-9a-f]+> \[([^\]]*)\]/g))
    [...list!.matchAll(/<([^>]*)>/g)].forEach(([, codes], i) => {
      texts[parseInt(from!, 16) + i] = codes!
        .split(' ')
        .map((code) => String.fromCharCode(parseInt(code, 16)))
        .join('');
    });
  return texts;
}

function piecesOf(content: string, fonts: ReadonlyMap<string, readonly string[]>): Piece[] {
  const pieces: Piece[] = [];
  let [font, x, y] = ['', 0, 0];
  for (const match of content.matchAll(/1 0 0 1 (\S+) (\S+) Tm|\/(F\d+) \S+ Tf|\[([^\]]*)\] TJ/g)) {
    if (match[1] !== undefined) [x, y] = [Number(match[1]), Number(match[2])];
    else if (match[3] !== undefined) font = match[3];
    else {
      const glyphs = [...match[4]!.matchAll(/<([0-9a-f]+)>/g)].flatMap(([, hex]) => hex!.match(/.{4}/g) ?? []);
      pieces.push({ x, y, text: glyphs.map((glyph) => fonts.get(font)?.[parseInt(glyph, 16)] ?? '?').join('') });
    }
  }
  return pieces;
}

function linesOf(pieces: readonly Piece[]): string[] {
  const lines = new Map<number, Piece[]>();
  for (const piece of pieces) {
    const key = Math.round(piece.y);
    lines.set(key, [...(lines.get(key) ?? []), piece]);
  }
  return [...lines]
    .sort(([a], [b]) => b - a)
    .map(([, line]) =>
      line
        .sort((a, b) => a.x - b.x)
        .map(({ text }) => text.trim())
        .filter((text) => text !== '')
        .join(' ')
        .replace(/ {2,}/g, ' '),
    );
}
