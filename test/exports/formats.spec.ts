import { readXlsx } from 'hucre/xlsx';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { PARQUET } from '../../src/exports/formats/parquet.js';
import { sheetRow } from '../../src/exports/formats/xlsx-parts.js';
import { writeXlsx } from '../../src/exports/formats/xlsx.js';
import type { TextRow } from '../../src/exports/snapshot-reader.js';
import type { SelectedColumn } from '../../src/exports/value-sql.js';

const column = (type: SelectedColumn['type']): SelectedColumn => ({ name: type, type, sql: '' });

async function* batches(rows: readonly TextRow[], size: number): AsyncGenerator<readonly TextRow[]> {
  for (let at = 0; at < rows.length; at += size) yield await Promise.resolve(rows.slice(at, at + size));
}

async function bytesOf(chunks: AsyncIterable<string | Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk as Uint8Array));
  return new Uint8Array(Buffer.concat(parts));
}

test.each([
  ['money keeps the decimals of its currency', 'money', '1234.50', '<c s="7"><v>1234.50</v></c>'],
  ['money of a currency without any', 'money', '-1200', '<c s="5"><v>-1200</v></c>'],
  [
    'what a spreadsheet could not hold exactly is text',
    'money',
    '12345678901234.56',
    '<c t="inlineStr"><is><t xml:space="preserve">12345678901234.56</t></is></c>',
  ],
  ['an instant is a date and a time', 'instant', '2026-01-01T12:00:00Z', '<c s="3"><v>46023.5</v></c>'],
  ['a day is a date', 'day', '2026-01-01', '<c s="4"><v>46023</v></c>'],
  [
    'a text is no formula, and well-formed',
    'text',
    '=1+1 & <b>\u0001',
    '<c t="inlineStr"><is><t xml:space="preserve">=1+1 &amp; &lt;b&gt;_x0001_</t></is></c>',
  ],
  ['nothing is an empty cell', 'decimal', null, '<c/>'],
] as const)('XLSX: %s', (_rule, type, text, cell) => {
  expect(sheetRow([column(type)], [text])).toBe(`<row>${cell}</row>`);
});

test.each([
  [0, [1]],
  [5, [6]],
  [6, [6, 2]],
  [13, [6, 6, 4]],
])('XLSX: %i rows on sheets of five', async (count, sheetRows) => {
  const rows = Array.from({ length: count }, (_, i) => [String(i)]);
  const { sheets } = await readXlsx(await bytesOf(writeXlsx([column('integer')], batches(rows, 4), 5)));
  expect(sheets.map((sheet) => sheet.rows.length)).toEqual(sheetRows);
  expect(sheets.flatMap((sheet) => sheet.rows.slice(1).flat())).toEqual(rows.map(([n]) => Number(n)));
});

test('XLSX: an error in the rows breaks the file off', async () => {
  const failing = async function* (): AsyncGenerator<readonly TextRow[]> {
    yield await Promise.resolve([['1']]);
    throw new Error('lost');
  };
  await expect(bytesOf(writeXlsx([column('integer')], failing()))).rejects.toThrow('lost');
});

test('Parquet: row groups, exact decimals, nulls', async () => {
  const columns = [column('money'), column('decimal'), column('day'), column('text')];
  const rows = Array.from({ length: 25_000 }, (_, i): TextRow => [
    i % 2 ? `-${String(i)}.25` : null,
    '0.000000000001',
    '2026-01-01',
    `t${String(i)}`,
  ]);
  const file = (await bytesOf(PARQUET.write(columns, batches(rows, 1_000), { bom: false }))).buffer;
  const { row_groups: groups, schema } = parquetMetadata(file);
  expect(groups.map((group) => group.num_rows)).toEqual([10_000n, 10_000n, 5_000n]);
  expect(schema[1]).toMatchObject({ name: 'money', converted_type: 'DECIMAL', scale: 4, precision: 38 });
  const read = await parquetReadObjects({ file });
  expect(read).toHaveLength(25_000);
  expect(read[24_999]).toMatchObject({ money: expect.closeTo(-24_999.25), day: new Date('2026-01-01'), text: 't24999' });
  expect(read[0]?.['money']).toBeNull();
});
