import { intakeBytesFor } from './config.js';

const MIB = 1024 * 1024;

test.each([
  ['a large heap leaves the whole room', 4096, 64],
  ['a smaller one a sixteenth of it', 512, 32],
  ['the smallest one still has room for one body', 64, 8],
])('%s', (_case, heap, room) => expect(intakeBytesFor(heap * MIB)).toBe(room * MIB));
