import { documentNumber, PREFIX_PATTERN, prefixAt, prefixesMeet } from './document-number.js';
import { parseInstant } from './instant.js';

test.each([
  ['by the calendar of UTC', 'UTC', '2026-12-31T23:30:00Z', 'ACME-2026-'],
  ['by that of the seller', 'Europe/Berlin', '2026-12-31T23:30:00Z', 'ACME-2027-'],
  ['and west of it', 'America/New_York', '2027-01-01T04:59:59Z', 'ACME-2026-'],
])('the year of a number is counted %s', (_rule, timeZone, at, prefix) => {
  expect(prefixAt('ACME-{year}-', parseInstant(at), timeZone)).toBe(prefix);
  expect(prefixAt('INV-', parseInstant(at), timeZone)).toBe('INV-');
});

test('a number has at least six digits', () => {
  expect(['INV-', 'ACME-2026-'].map((prefix) => documentNumber(prefix, 42n))).toEqual(['INV-000042', 'ACME-2026-000042']);
  expect(documentNumber('INV-', 1_234_567n)).toBe('INV-1234567');
});

test.each([
  ['ACME-{year}-', 'ACME-2026-', true],
  ['{year}/', '2026/', true],
  ['ACME-{year}-', 'ACME-{year}-', true],
  ['INV-', 'INV-', true],
  ['INV-', 'CN-', false],
  ['ACME-', 'ACME-{year}-', false],
  ['ACME-{year}-', 'ACME-20261-', false],
])('documents under %s and %s might bear one number: %s', (a, b, meet) => {
  expect([prefixesMeet(a, b), prefixesMeet(b, a)]).toEqual([meet, meet]);
});

test.each(['INV-', 'ACME-{year}-', '{year}/A.', 'a_'])('%s may be a prefix', (prefix) => {
  expect(prefix).toMatch(new RegExp(PREFIX_PATTERN));
});
test.each(['INV', '-', '{year}-{year}-', 'A{year}-', '{year}', 'ä-', 'A--', 'A -'])('%s may not', (prefix) => {
  expect(prefix).not.toMatch(new RegExp(PREFIX_PATTERN));
});
