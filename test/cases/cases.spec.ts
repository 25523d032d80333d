import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { answersTo } from '../../src/cli/simulate/answers.js';
import { differences } from '../../src/cli/simulate/check.js';
import { readFile, type SimulationFile } from '../../src/cli/simulate/file.js';

const DIR = new URL('../../../shared/cases/', import.meta.url);
const names = existsSync(DIR) ? readdirSync(DIR).filter((name) => name.endsWith('.json')) : [];

if (names.length === 0) console.warn('skipped: the billing cases (../shared/cases) are not here');

(names.length === 0 ? describe.skip : describe)('billing cases', () => {
  test.each(names.length === 0 ? ['none'] : names)('%s', (name) => {
    const file = readFile(JSON.parse(readFileSync(new URL(name, DIR), 'utf8')));
    expect(file).not.toBeInstanceOf(Array);
    const { expect: expected } = file as SimulationFile;
    expect(differences(expected, answersTo(file as SimulationFile))).toEqual([]);
  });
});
