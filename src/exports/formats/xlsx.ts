import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { textSql, type SelectedColumn } from '../value-sql.js';
import type { TextRow } from '../snapshot-reader.js';
import type { Format } from './format.js';
import { contentTypes, RELATIONS, SHEET_TAIL, sheetHead, sheetRow, STYLES, workbook, workbookRelations } from './xlsx-parts.js';

/** What a sheet holds below its heading. */
export const SHEET_ROWS_MAX = 1_048_575;
const SHEET_NAME = 'Export';
const COMPRESSION_LEVEL = 3;

/** A workbook with typed cells; rows beyond what a sheet holds go on on the next. */
export const XLSX: Format = {
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  expressions: (columns) => columns.map(textSql),
  write: (columns, batches) => writeXlsx(columns, batches),
};

export function writeXlsx(
  columns: readonly SelectedColumn[],
  batches: AsyncIterable<readonly TextRow[]>,
  sheetRowsMax = SHEET_ROWS_MAX,
): AsyncIterable<Uint8Array> {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  zip.on('error', (error) => out.destroy(error as Error));
  fill(zip, columns, { rows: new Rows(batches), sheetRowsMax }).catch((error: unknown) => out.destroy(error as Error));
  return out as AsyncIterable<Uint8Array>;
}

async function fill(
  zip: ZipFile,
  columns: readonly SelectedColumn[],
  { rows, sheetRowsMax }: { readonly rows: Rows; readonly sheetRowsMax: number },
): Promise<void> {
  const out = zip.outputStream as Readable;
  let sheets = 0;
  do {
    sheets += 1;
    const sheet = Readable.from(sheetXml(columns, rows, sheetRowsMax), { objectMode: false });
    out.once('close', () => sheet.destroy()); // whoever reads has gone
    zip.addReadStream(sheet, `xl/worksheets/sheet${String(sheets)}.xml`, { compressionLevel: COMPRESSION_LEVEL });
    await once(sheet, 'close');
    if (sheet.errored) throw sheet.errored;
    if (!sheet.readableEnded) return;
  } while (await rows.more());
  const parts = {
    'xl/workbook.xml': workbook(SHEET_NAME, sheets),
    'xl/_rels/workbook.xml.rels': workbookRelations(sheets),
    'xl/styles.xml': STYLES,
    '_rels/.rels': RELATIONS,
    '[Content_Types].xml': contentTypes(sheets),
  };
  for (const [name, text] of Object.entries(parts)) zip.addBuffer(Buffer.from(text), name);
  zip.end();
}

async function* sheetXml(columns: readonly SelectedColumn[], rows: Rows, rowsMax: number): AsyncGenerator<Buffer> {
  yield Buffer.from(sheetHead(columns));
  for (let left = rowsMax; left > 0 && (await rows.more());) {
    const taken = rows.take(left);
    left -= taken.length;
    yield Buffer.from(taken.map((row) => sheetRow(columns, row)).join(''));
  }
  yield Buffer.from(SHEET_TAIL);
}

/** Rows out of batches, of which a sheet may end in the middle. */
class Rows {
  private readonly batches: AsyncIterator<readonly TextRow[]>;
  private waiting: readonly TextRow[] = [];

  constructor(batches: AsyncIterable<readonly TextRow[]>) {
    this.batches = batches[Symbol.asyncIterator]();
  }

  async more(): Promise<boolean> {
    while (this.waiting.length === 0) {
      const next = await this.batches.next();
      if (next.done === true) return false;
      this.waiting = next.value;
    }
    return true;
  }

  take(most: number): readonly TextRow[] {
    const taken = this.waiting.slice(0, most);
    this.waiting = this.waiting.slice(most);
    return taken;
  }
}
