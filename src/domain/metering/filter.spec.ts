import type { UsageFilter } from '../catalog.js';
import { type EventData, disjoint, passes, plainNumber, propertyText } from './filter.js';

describe('a property as the text by which it is compared', () => {
  it.each([
    { case: 'text', value: 'eu', text: 'eu' },
    { case: 'text that is empty', value: '', text: '' },
    { case: 'text with the zeros at the end of a decimal', value: '1.50', text: '1.5' },
    { case: 'text that is a decimal below zero', value: '-0.0', text: '0' },
    { case: 'text that only looks like a number', value: '1e3', text: '1e3' },
    { case: 'text with a leading zero', value: '007', text: '007' },
    { case: 'a number', value: 1.5, text: '1.5' },
    { case: 'a number that JavaScript writes with an exponent', value: 1e-7, text: '0.0000001' },
    { case: 'a number below zero with an exponent', value: -1.25e-9, text: '-0.00000000125' },
    { case: 'a large number', value: 1e21, text: '1000000000000000000000' },
    { case: 'a large number with decimals in its mantissa', value: -1.25e22, text: '-12500000000000000000000' },
    { case: 'true', value: true, text: 'true' },
    { case: 'false', value: false, text: 'false' },
    { case: 'null', value: null, text: undefined },
    { case: 'a list', value: ['eu'], text: undefined },
    { case: 'an object', value: { eu: 1 }, text: undefined },
  ])('$case', ({ value, text }) => {
    expect(propertyText({ value }, 'value')).toBe(text);
  });

  it.each(['absent', 'toString', 'constructor', '__proto__'])('nothing where the data has no "%s"', (property) => {
    expect(propertyText({ region: 'eu' }, property)).toBeUndefined();
  });

  it.each([0, -0, 1, -1.5, 0.1, 123456789012345, 1e-6, 1e-7, 1e20, 1e21, 5e-324, 1.7976931348623157e308])(
    'the number %p, written out, is that number',
    (value) => {
      const text = plainNumber(value);
      expect(Number(text)).toBe(value + 0); // without the sign of zero
      expect(text).not.toContain('e');
    },
  );
});

describe('a filter', () => {
  it.each([
    { case: 'lets all pass that names nothing', filter: {}, data: { region: 'eu' }, passes: true },
    { case: 'that is not there lets all pass', filter: undefined, data: {}, passes: true },
    { case: 'lets one of its values pass', filter: { region: ['us', 'eu'] }, data: { region: 'eu' }, passes: true },
    { case: 'keeps another value out', filter: { region: ['us'] }, data: { region: 'eu' }, passes: false },
    { case: 'compares by case', filter: { region: ['EU'] }, data: { region: 'eu' }, passes: false },
    { case: 'keeps out what lacks the property', filter: { region: ['eu'] }, data: {}, passes: false },
    { case: 'keeps out what lacks the property, also for the empty text', filter: { region: [''] }, data: {}, passes: false },
    { case: 'lets the empty text pass for the empty text', filter: { region: [''] }, data: { region: '' }, passes: true },
    { case: 'keeps null out', filter: { region: ['null'] }, data: { region: null }, passes: false },
    { case: 'wants all its properties', filter: { region: ['eu'], size: ['m'] }, data: { region: 'eu', size: 'l' }, passes: false },
    { case: 'passes when all of them match', filter: { region: ['eu'], size: ['m'] }, data: { region: 'eu', size: 'm' }, passes: true },
    { case: 'compares numbers by their value', filter: { size: ['2.0'] }, data: { size: 2 }, passes: true },
    { case: 'compares decimal texts by their value', filter: { size: ['2'] }, data: { size: '2.00' }, passes: true },
    { case: 'compares booleans by their name', filter: { gpu: ['true'] }, data: { gpu: true }, passes: true },
    { case: 'without values lets nothing pass', filter: { region: [] }, data: { region: 'eu' }, passes: false },
  ] satisfies { case: string; filter: UsageFilter | undefined; data: EventData; passes: boolean }[])(
    '$case',
    ({ filter, data, passes: expected }) => {
      expect(passes(filter, data)).toBe(expected);
    },
  );
});

describe('two filters exclude each other', () => {
  it.each([
    { case: 'when they name one property and no value in common', a: { region: ['eu'] }, b: { region: ['us'] }, is: true },
    { case: 'when one of several properties does', a: { region: ['eu'], size: ['m'] }, b: { size: ['l'], region: ['eu'] }, is: true },
    { case: 'not when they have a value in common', a: { region: ['eu', 'us'] }, b: { region: ['us'] }, is: false },
    { case: 'not when a value is written in two ways', a: { size: ['1.0'] }, b: { size: ['1'] }, is: false },
    { case: 'not when they name different properties', a: { region: ['eu'] }, b: { size: ['m'] }, is: false },
    { case: 'not when one lets all pass', a: undefined, b: { region: ['eu'] }, is: false },
  ] satisfies { case: string; a: UsageFilter | undefined; b: UsageFilter | undefined; is: boolean }[])('$case', ({ a, b, is }) => {
    expect(disjoint(a, b)).toBe(is);
    expect(disjoint(b, a)).toBe(is);
  });

  test('not when a property has the name of one that all objects have', () => {
    const named: UsageFilter = Object.fromEntries([['constructor', ['x']]]);
    expect(disjoint(named, {})).toBe(false);
    expect(disjoint({}, named)).toBe(false);
  });
});
