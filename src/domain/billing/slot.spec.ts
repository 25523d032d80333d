import { positionsTaken } from './slot.js';

test('the highest position of a slot is taken, in whatever order an invoice shows its lines', () => {
  const lines = [
    { slot: 'a', slotSeq: 1 },
    { slot: 'a', slotSeq: 3 },
    { slot: 'a', slotSeq: 2 },
    { slot: 'b', slotSeq: 1 },
  ];
  const known = new Map([
    ['b', 4],
    ['c', 2],
  ]);
  expect(Object.fromEntries(positionsTaken(lines, known))).toEqual({ a: 3, b: 4, c: 2 });
});
