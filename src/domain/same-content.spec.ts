import { sameContent } from './same-content.js';

describe('two bodies say the same', () => {
  it.each([
    { case: 'whatever the order of fields', a: { name: 'x', key: 'y' }, b: { key: 'y', name: 'x' } },
    { case: 'with or without an undefined field', a: { name: 'x', note: undefined }, b: { name: 'x' } },
    { case: 'when only the zeros at the end of a decimal differ', a: { amount: '12.0' }, b: { amount: '12.00' } },
    { case: 'when a decimal without a fraction is written with one', a: [{ upTo: '100' }], b: [{ upTo: '100.0' }] },
  ])('$case', ({ a, b }) => {
    expect(sameContent(a, b)).toBe(true);
  });

  it.each([
    { case: 'the order of a list', a: { taxRates: ['a', 'b'] }, b: { taxRates: ['b', 'a'] } },
    { case: 'null and absence', a: { minimumCommitment: null }, b: {} },
    { case: 'the zeros of a whole number', a: { amount: '100' }, b: { amount: '1' } },
    { case: 'text that looks like a decimal', a: { name: '1.0' }, b: { name: '1.00' } },
    { case: 'an object and a list', a: {}, b: [] },
    { case: 'a number and its text', a: { limit: 1 }, b: { limit: '1' } },
  ])('but not across $case', ({ a, b }) => {
    expect(sameContent(a, b)).toBe(false);
  });
});
