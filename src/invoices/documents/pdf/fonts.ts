import { create, type Font } from 'fontkit';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { unpackWoff } from './woff.js';

export type Weight = 'regular' | 'bold';

/** Text of which one font has every character. */
export interface Run {
  /** Names the font in the document. */
  readonly font: string;
  readonly text: string;
}

/** What is shown for a character that no font has. */
const REPLACEMENT = '\uFFFD';

/*
 * In the order in which they are asked for a character: Latin, Greek, Cyrillic and Devanagari; Japanese and most Chinese; then a font of
 * pixels that has nearly everything else. All under the SIL Open Font License.
 */
const FILES: Readonly<Record<Weight, readonly string[]>> = {
  regular: [
    '@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf',
    '@expo-google-fonts/noto-sans-jp/400Regular/NotoSansJP_400Regular.ttf',
    '@fontsource/unifontex/files/unifontex-latin-400-normal.woff',
  ],
  bold: [
    '@expo-google-fonts/noto-sans/600SemiBold/NotoSans_600SemiBold.ttf',
    '@expo-google-fonts/noto-sans-jp/600SemiBold/NotoSansJP_600SemiBold.ttf',
    '@fontsource/unifontex/files/unifontex-latin-400-normal.woff',
  ],
};

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
const BLANK = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]/u;

const resolve = createRequire(import.meta.url).resolve;
const loaded = new Map<string, Font>();

/** Read and parsed once in a process, when it is first asked. */
export function fontOf(file: string): Font {
  const known = loaded.get(file);
  if (known) return known;
  const bytes = readFileSync(resolve(file));
  const font = create(file.endsWith('.woff') ? unpackWoff(bytes) : bytes);
  if (!('layout' in font)) throw new RangeError(`${file} is a collection of fonts`);
  loaded.set(file, font);
  return font;
}

/**
 * Splits text by the font that has its characters. Blanks are spaces; what is invisible by itself and in no font is left out; what no font has
 * is U+FFFD.
 */
export function runsOf(text: string, weight: Weight): Run[] {
  const runs: { font: string; text: string }[] = [];
  const files = FILES[weight];
  for (const character of text) {
    const shown = BLANK.test(character) ? ' ' : character;
    const file = files.find((candidate) => fontOf(candidate).hasGlyphForCodePoint(shown.codePointAt(0) ?? 0));
    if (file === undefined && INVISIBLE.test(shown)) continue;
    const font = file ?? files[0] ?? '';
    const last = runs.at(-1);
    if (last?.font === font) last.text += file === undefined ? REPLACEMENT : shown;
    else runs.push({ font, text: file === undefined ? REPLACEMENT : shown });
  }
  return runs;
}
