import type { ColumnType } from '../../common/datasets/dataset.js';
import { DAY, parseInstant } from '../../domain/instant.js';
import type { TextRow } from '../snapshot-reader.js';
import type { SelectedColumn } from '../value-sql.js';

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const DOCUMENT = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** Numbers of the cell styles in STYLES; money has one for each number of decimals, from MONEY on. */
const [HEADING, INTEGER, INSTANT, CALENDAR_DAY, MONEY] = [1, 2, 3, 4, 5];
const MONEY_FORMATS = ['#,##0', '#,##0.0', '#,##0.00', '#,##0.000', '#,##0.0000'];
const FIRST_FORMAT = 164;

const formatOf = (i: number, code: string): string => `<numFmt numFmtId="${String(FIRST_FORMAT + i)}" formatCode="${code}"/>`;
const cellFormat = (numFmtId: number, font = 0): string =>
  `<xf numFmtId="${String(numFmtId)}" fontId="${String(font)}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>`;
const CODES = ['yyyy-mm-dd hh:mm:ss', 'yyyy-mm-dd', ...MONEY_FORMATS];

export const STYLES =
  `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="${String(CODES.length)}">${CODES.map((code, i) => formatOf(i, code)).join('')}</numFmts>` +
  '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>' +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
  '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
  '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
  `<cellXfs count="${String(CODES.length + 3)}">${cellFormat(0)}${cellFormat(0, 1)}${cellFormat(1)}${CODES.map((_, i) => cellFormat(FIRST_FORMAT + i)).join('')}</cellXfs></styleSheet>`;

const numbered = (count: number, part: (n: string) => string): string =>
  Array.from({ length: count }, (_, i) => part(String(i + 1))).join('');

export const workbook = (name: string, sheets: number): string =>
  `${XML}<workbook xmlns="${MAIN}" xmlns:r="${DOCUMENT}"><sheets>` +
  numbered(sheets, (n) => `<sheet name="${name}${n === '1' ? '' : ` ${n}`}" sheetId="${n}" r:id="rId${n}"/>`) +
  '</sheets></workbook>';

export const workbookRelations = (sheets: number): string =>
  `${XML}<Relationships xmlns="${PACKAGE}/relationships">` +
  numbered(sheets, (n) => `<Relationship Id="rId${n}" Type="${DOCUMENT}/worksheet" Target="worksheets/sheet${n}.xml"/>`) +
  `<Relationship Id="rIdStyles" Type="${DOCUMENT}/styles" Target="styles.xml"/></Relationships>`;

export const RELATIONS = `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;

export const contentTypes = (sheets: number): string =>
  `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
  `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/>` +
  `<Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/>` +
  numbered(sheets, (n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="${TYPE}.worksheet+xml"/>`) +
  '</Types>';

const WIDTHS: Readonly<Partial<Record<ColumnType, number>>> = { text: 30, code: 18, json: 40, instant: 19, money: 14, decimal: 14 };

/** A sheet up to its rows: the first one, which names the columns, stays where it is. */
export function sheetHead(columns: readonly SelectedColumn[]): string {
  const widths = columns.map(({ type }, i) => {
    const n = String(i + 1);
    return `<col min="${n}" max="${n}" width="${String(WIDTHS[type] ?? 11)}" customWidth="1"/>`;
  });
  return (
    `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
    `<cols>${widths.join('')}</cols><sheetData><row>${columns.map(({ name }) => textCell(name, HEADING)).join('')}</row>`
  );
}

export const SHEET_TAIL = '</sheetData></worksheet>';

/** One row. Amounts and decimals stand there exactly as they are, digit by digit. */
export const sheetRow = (columns: readonly SelectedColumn[], row: TextRow): string =>
  `<row>${columns.map(({ type }, i) => cell(type, row[i] ?? null)).join('')}</row>`;

/** Spreadsheets count with 15 digits: what has more stays whole as text. */
const DIGITS_MAX = 15;

function cell(type: ColumnType, text: string | null): string {
  if (text === null) return '<c/>';
  switch (type) {
    case 'money':
    case 'decimal':
    case 'integer':
      return digitsIn(text) > DIGITS_MAX ? textCell(text) : numberCell(text, styleOf(type, text));
    case 'instant':
      return numberCell(serial(text), INSTANT);
    case 'day':
      return numberCell(serial(`${text}T00:00:00Z`), CALENDAR_DAY);
    case 'flag':
      return `<c t="b"><v>${text === 'true' ? '1' : '0'}</v></c>`;
    default:
      return textCell(text);
  }
}

const numberCell = (text: string, style: number): string => `<c s="${String(style)}"><v>${text}</v></c>`;

const digitsIn = (text: string): number => text.replace(/\D/g, '').replace(/^0+/, '').length;

function styleOf(type: ColumnType, text: string): number {
  if (type !== 'money') return type === 'integer' ? INTEGER : 0;
  const point = text.indexOf('.');
  return MONEY + (point < 0 ? 0 : text.length - point - 1);
}

const DAYS_TO_1970 = 25_569;
const DAY_DIGITS = 11;

/** Days since the end of 1899, in UTC. */
function serial(instant: string): string {
  const scale = 10n ** BigInt(DAY_DIGITS);
  const days = (parseInstant(instant) * scale) / DAY + BigInt(DAYS_TO_1970) * scale;
  const digits = days.toString().padStart(DAY_DIGITS + 1, '0');
  return `${digits.slice(0, -DAY_DIGITS)}.${digits.slice(-DAY_DIGITS)}`.replace(/\.?0+$/, '');
}

const TEXT_LENGTH_MAX = 32_767;
/** What XML gives a meaning or cannot hold, and what would be read as an escape of the latter. */
const SPECIAL = /[&<>]|[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)/g;
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** What is longer than a cell may be is cut, and ends with an ellipsis. */
function textCell(text: string, style = 0): string {
  const whole = text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX - 1)}…`;
  const safe = whole.replace(SPECIAL, (one) => NAMED[one] ?? `_x${one.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}_`);
  return `<c t="inlineStr"${style === 0 ? '' : ` s="${String(style)}"`}><is><t xml:space="preserve">${safe}</t></is></c>`;
}
