import { isRejection, readEvent } from './event.js';

const LENGTH_MAX = 64 * 1024;
const reading = (data: unknown) => readEvent({ id: '1', source: 's', type: 't', subject: 'acme', time: '2026-01-01T00:00:00Z', data });

/** Data of which a text is so long that its JSON has just the length. */
function ofLength(length: number, character: string, data: (text: string) => object): object {
  const empty = JSON.stringify(data('')).length;
  const each = JSON.stringify(character).length - 2;
  const text = character.repeat(Math.floor((length - empty) / each));
  return data(text + 'x'.repeat(length - JSON.stringify(data(text)).length));
}

test.each<[string, string, (text: string) => object]>([
  ['plain text', 'a', (text) => ({ text })],
  ['text that is escaped', '"', (text) => ({ text })],
  ['text of control characters', '\u0001', (text) => ({ text })],
  ['text beside much else', 'a', (text) => ({ list: Array.from({ length: 1_500 }, (_, i) => ({ i, a: [null, true, -1.5e-300] })), text })],
  ['a long name', 'a', (text) => ({ [text]: 1 })],
])('the data of an event is at most 64 KiB of JSON: %s', (_what, character, data) => {
  const longest = ofLength(LENGTH_MAX, character, data);
  expect(JSON.stringify(longest)).toHaveLength(LENGTH_MAX);
  expect(isRejection(reading(longest))).toBe(false);
  expect(reading(ofLength(LENGTH_MAX + 1, character, data))).toEqual({ code: 'data_too_large', pointer: '/data' });
});

test('text that needs six characters for each of its own is measured, however short it looks', () => {
  expect(reading({ text: '\u0001'.repeat(LENGTH_MAX / 6) })).toEqual({ code: 'data_too_large', pointer: '/data' });
});
