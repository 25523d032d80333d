import PDFDocument from 'pdfkit';
import { fontOf, type Run, runsOf, type Weight } from './fonts.js';
import { linesOf } from './line-breaks.js';

/** All lengths are points, a 72nd of an inch; pages are A4. */
export const PAGE = { width: 595.28, height: 841.89, left: 48, right: 48, top: 48, bottom: 64 } as const;
export const CONTENT_WIDTH = PAGE.width - PAGE.left - PAGE.right;

export const INK = '#1a2330';
export const MUTED = '#5b6675';
export const ACCENT = '#17466b';
export const RULE = '#cbd3dc';
export const SHADE = '#f1f4f8';

export interface Style {
  readonly size: number;
  readonly weight?: Weight;
  readonly color?: string;
}

interface Placed extends Style {
  readonly x: number;
  /** Where the line begins, from the top of the page. */
  readonly y: number;
  readonly width: number;
  readonly align?: 'left' | 'right';
}

const LINE_HEIGHT = 1.36;
/** Where letters stand, as a share of the line's height from its top. */
const BASELINE = 0.76;

export interface CanvasOptions {
  readonly title: string;
  /** Dates the file: never the time at which it is made, so that the same document is always the same file. */
  readonly issuedAt: Date;
}

/** Places text and lines on pages, whatever scripts the text is in. */
export class Canvas {
  readonly pdf: PDFKit.PDFDocument;
  /** How far the page is filled, from its top. */
  y: number = PAGE.top;
  private readonly registered = new Set<string>();

  constructor({ title, issuedAt }: CanvasOptions) {
    this.pdf = new PDFDocument({
      size: 'A4',
      margin: 0,
      autoFirstPage: false,
      bufferPages: true,
      pdfVersion: '1.7',
      subset: 'PDF/A-3b',
      lang: 'en',
      displayTitle: true,
      font: null as unknown as string, // none of its own: all are embedded
      info: { Title: title, Creator: 'Wharfage', Producer: 'Wharfage', CreationDate: issuedAt, ModDate: issuedAt },
    });
  }

  /** What is left of the page. */
  get room(): number {
    return PAGE.height - PAGE.bottom - this.y;
  }

  addPage(): void {
    this.pdf.addPage();
    this.y = PAGE.top;
  }

  heightOf(text: string, { width, ...style }: Style & { readonly width: number }): number {
    return this.wrap(text, width, style).length * lineHeight(style);
  }

  widthOf(text: string, style: Style): number {
    return this.measure(runsOf(text, style.weight ?? 'regular'), style.size);
  }

  /** Writes text, broken into lines of the width, and answers where the next line would begin. */
  text(text: string, { x, y, width, align = 'left', ...style }: Placed): number {
    let top = y;
    for (const line of this.wrap(text, width, style)) {
      const runs = runsOf(line, style.weight ?? 'regular');
      this.write(runs, align === 'right' ? x + width - this.measure(runs, style.size) : x, top + lineHeight(style) * BASELINE, style);
      top += lineHeight(style);
    }
    return top;
  }

  rule(
    y: number,
    {
      x = PAGE.left,
      width = CONTENT_WIDTH,
      color = RULE,
      thickness = 0.7,
    }: { x?: number; width?: number; color?: string; thickness?: number } = {},
  ): void {
    this.pdf
      .save()
      .moveTo(x, y)
      .lineTo(x + width, y)
      .lineWidth(thickness)
      .stroke(color)
      .restore();
  }

  box(y: number, height: number, color: string = SHADE): void {
    this.pdf.save().roundedRect(PAGE.left, y, CONTENT_WIDTH, height, 4).fill(color).restore();
  }

  /** On every page, once all are there. */
  onEveryPage(draw: (page: number, of: number) => void): void {
    const { start, count } = this.pdf.bufferedPageRange();
    for (let page = start; page < start + count; page++) {
      this.pdf.switchToPage(page);
      draw(page - start + 1, count);
    }
  }

  /** The file. Nothing can be drawn afterwards. */
  async finish(): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const { pdf } = this;
    return await new Promise((done, failed) => {
      pdf.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      pdf.on('end', () => {
        done(Buffer.concat(chunks));
      });
      pdf.on('error', failed);
      pdf.end();
    });
  }

  private wrap(text: string, width: number, { size, weight = 'regular' }: Style): string[] {
    return linesOf(text, width, (part) => this.measure(runsOf(part, weight), size));
  }

  private measure(runs: readonly Run[], size: number): number {
    return runs.reduce((total, { font, text }) => total + this.font(font, size).widthOfString(text), 0);
  }

  private write(runs: readonly Run[], x: number, baseline: number, { size, color = INK }: Style): void {
    let left = x;
    for (const { font, text } of runs) {
      const width = this.font(font, size).widthOfString(text);
      this.pdf.fillColor(color).text(text, left, baseline, { lineBreak: false, baseline: 'alphabetic' });
      left += width;
    }
  }

  private font(file: string, size: number): PDFKit.PDFDocument {
    if (!this.registered.has(file)) {
      this.pdf.registerFont(file, fontOf(file) as unknown as Buffer);
      this.registered.add(file);
    }
    return this.pdf.font(file).fontSize(size);
  }
}

export const lineHeight = ({ size }: Pick<Style, 'size'>): number => size * LINE_HEIGHT;
