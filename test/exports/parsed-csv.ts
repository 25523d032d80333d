/** RFC 4180: quoted fields may hold commas, quotes and line ends. */
export function parsedCsv(csv: string): string[][] {
  const rows: string[][] = [[]];
  let field = '';
  let quoted = false;
  for (let i = 0; i < csv.length; i += 1) {
    const character = csv[i];
    if (quoted && character === '"' && csv[i + 1] === '"') field += csv[(i += 1)] ?? '';
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === ',' || character === '\r')) {
      rows.at(-1)?.push(field);
      field = '';
      if (character === '\r') {
        i += 1;
        rows.push([]);
      }
    } else field += character ?? '';
  }
  return rows.slice(0, -1);
}

/** What the rows have under a heading. */
export const column = ([header = [], ...rows]: string[][], name: string): (string | undefined)[] =>
  rows.map((row) => row[header.indexOf(name)]);
