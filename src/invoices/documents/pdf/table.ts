import { type Canvas, CONTENT_WIDTH, lineHeight, MUTED, PAGE, RULE, type Style } from './canvas.js';

export interface Column {
  readonly title: string;
  /** In points; the one column without a width takes what is left. */
  readonly width?: number;
  readonly align?: 'left' | 'right';
}

/** One line of a cell, or several where it is broken. */
export interface CellText extends Style {
  readonly text: string;
}

export type Cell = readonly CellText[];

export type Row = readonly Cell[];

export interface Table {
  readonly columns: readonly Column[];
  /** Rows that belong together are not divided, and no line is drawn between them. */
  readonly groups: readonly (readonly Row[])[];
  /** Begins a page: what stands above every page's content is its matter. */
  readonly addPage: () => void;
}

const HEAD: Style = { size: 8, color: MUTED, weight: 'bold' };
const GAP = 10;
const PADDING = 4.5;

/** Draws groups of rows one under the other; the headings stand on every page that rows stand on. */
export function drawTable(canvas: Canvas, { columns, groups, addPage }: Table): void {
  const places = placesOf(columns);
  const heights = groups.map((rows) => rows.map((row) => rowHeight(canvas, row, places)));
  const whole = heights.map((rows) => rows.reduce((total, height) => total + height, 2 * PADDING));
  const headHeight = lineHeight(HEAD) + 2 * PADDING;
  if (canvas.room < headHeight + (whole[0] ?? 0)) addPage();
  drawHead(canvas, columns, places);
  groups.forEach((rows, i) => {
    if (canvas.room < (whole[i] ?? 0)) {
      addPage();
      drawHead(canvas, columns, places);
    }
    canvas.y += PADDING;
    rows.forEach((row, j) => {
      row.forEach((cell, column) => {
        drawCell(canvas, cell, { ...(places[column] ?? { x: 0, width: 0 }), align: columns[column]?.align ?? 'left' });
      });
      canvas.y += heights[i]?.[j] ?? 0;
    });
    canvas.y += PADDING;
    canvas.rule(canvas.y, { color: RULE, thickness: 0.4 });
  });
}

interface Place {
  readonly x: number;
  readonly width: number;
}

function placesOf(columns: readonly Column[]): Place[] {
  const fixed = columns.reduce((total, { width = 0 }) => total + width, 0);
  const flexible = CONTENT_WIDTH - fixed - GAP * (columns.length - 1);
  let x: number = PAGE.left;
  return columns.map(({ width = flexible }) => {
    const place = { x, width };
    x += width + GAP;
    return place;
  });
}

function rowHeight(canvas: Canvas, row: Row, places: readonly Place[]): number {
  const heights = row.map((cell, i) =>
    cell.reduce((total, { text, ...style }) => total + canvas.heightOf(text, { ...style, width: places[i]?.width ?? 0 }), 0),
  );
  return Math.max(...heights, 0);
}

function drawHead(canvas: Canvas, columns: readonly Column[], places: readonly Place[]): void {
  columns.forEach(({ title, align = 'left' }, i) => {
    canvas.text(title, { ...HEAD, ...(places[i] ?? { x: 0, width: 0 }), y: canvas.y + PADDING, align });
  });
  canvas.y += lineHeight(HEAD) + 2 * PADDING;
  canvas.rule(canvas.y, { color: MUTED, thickness: 0.8 });
}

function drawCell(canvas: Canvas, cell: Cell, place: Place & { readonly align: 'left' | 'right' }): void {
  let y = canvas.y;
  for (const { text, ...style } of cell) y = canvas.text(text, { ...style, ...place, y });
}
