import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../../src/config.js';
import { migrations } from '../../migrations/index.js';

const filesIn = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
const sources = filesIn('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'));

test('files are named in kebab-case, and none is a drawer for everything', () => {
  for (const path of sources) {
    expect(path).toMatch(/^src\/([a-z0-9-]+\/)*[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/);
    expect(path).not.toMatch(/(utils?|helpers?|manager|index|common2)\.ts$/);
  }
});

test('every code that is refused with is explained', () => {
  const explained = readFileSync('docs/errors.md', 'utf8');
  for (const path of sources.filter((source) => !source.includes('/cli/') && !source.endsWith('simulation.ts')))
    for (const [, code] of readFileSync(path, 'utf8').matchAll(/new Refusal\(\s*'\w+',\s*'(\w+)'/g))
      expect([path, explained.includes(`\`${String(code)}\``)]).toEqual([path, true]);
});

test('every setting is listed in the README, with its default and meaning', () => {
  const readme = readFileSync('README.md', 'utf8').replace(/ +/g, ' ');
  for (const [name, { fallback, meaning }] of Object.entries(SETTINGS))
    expect(readme).toContain(`| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\` `}| ${meaning} |`);
});

test('every migration is listed, in order', () => {
  const files = readdirSync('migrations')
    .filter((name) => name !== 'index.ts')
    .sort();
  expect(migrations.map((migration) => migration.name.replace(/\D+/, ''))).toEqual(files.map((name) => name.split('-')[0]));
});

test('the map of the house names every module', () => {
  const map = readFileSync('ARCHITECTURE.md', 'utf8');
  for (const name of readdirSync('src').filter((entry) => statSync(join('src', entry)).isDirectory())) expect(map).toContain(name);
});

test('no comment is left to be done, and nothing reads the time or chance by itself', () => {
  for (const path of sources) {
    const text = readFileSync(path, 'utf8');
    expect([path, /\b(TODO|FIXME|XXX)\b/.test(text)]).toEqual([path, false]);
    if (!path.endsWith('common/clock.ts')) expect([path, /Date\.now\(|new Date\(\)|Math\.random\(/.test(text)]).toEqual([path, false]);
  }
});
