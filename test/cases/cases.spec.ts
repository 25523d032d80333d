import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { answersTo } from '../../src/cli/simulate/answers.js';
import { differences } from '../../src/cli/simulate/check.js';
import { readFile, type SimulationFile } from '../../src/cli/simulate/file.js';

const DIR = new URL('../../../shared/cases/', import.meta.url);
const names = existsSync(DIR) ? readdirSync(DIR).filter((name) => name.endsWith('.json')) : [];

/** Steps that the simulation does not have yet: their cases are refused, naming the step. */
const TO_COME = ['credit-grant'];

if (names.length === 0) console.warn('skipped: the billing cases (../shared/cases) are not here');

(names.length === 0 ? describe.skip : describe)('billing cases', () => {
  test.each(names.length === 0 ? ['none'] : names)('%s', (name) => {
    const json = JSON.parse(readFileSync(new URL(name, DIR), 'utf8')) as { steps?: { do: string }[] };
    const toCome = (json.steps ?? []).filter((step) => TO_COME.includes(step.do));
    const file = readFile(json);
    if (toCome.length > 0) {
      expect(file).toEqual(toCome.map(() => expect.objectContaining({ code: 'unknown_step' })));
      return;
    }
    expect(file).not.toBeInstanceOf(Array);
    const { expect: expected } = file as SimulationFile;
    expect(differences(expected, answersTo(file as SimulationFile))).toEqual([]);
  });
});
