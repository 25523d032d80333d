import fc from 'fast-check';
import { earliest, formatInstant, latest, parseInstant, SECOND, tryInstant } from './instant.js';
import { Refusal } from './refusal.js';

const FIRST = parseInstant('0001-01-01T00:00:00Z');
const LAST = parseInstant('9999-12-31T23:59:59.999999Z');
const anyInstant = fc.bigInt({ min: FIRST, max: LAST });

describe('an instant is read from RFC 3339, to the microsecond', () => {
  it.each([
    { case: 'the epoch', text: '1970-01-01T00:00:00Z', micros: 0n },
    { case: 'one microsecond after it', text: '1970-01-01T00:00:00.000001Z', micros: 1n },
    { case: 'one microsecond before it', text: '1969-12-31T23:59:59.999999Z', micros: -1n },
    { case: 'a decimal that is not written to the end', text: '1970-01-01T00:00:00.5Z', micros: 500_000n },
    { case: 'an offset east of Greenwich', text: '1970-01-01T05:30:00+05:30', micros: 0n },
    { case: 'an offset west of Greenwich', text: '1969-12-31T16:00:00-08:00', micros: 0n },
    { case: 'small letters', text: '1970-01-01t00:00:01z', micros: SECOND },
    { case: 'a leap day', text: '2024-02-29T00:00:00Z', micros: BigInt(Date.UTC(2024, 1, 29)) * 1000n },
    { case: 'the leap day of a century that has one', text: '2000-02-29T12:00:00Z', micros: BigInt(Date.UTC(2000, 1, 29, 12)) * 1000n },
    { case: 'the day after February of one that has none', text: '1900-03-01T00:00:00Z', micros: BigInt(Date.UTC(1900, 2, 1)) * 1000n },
  ])('$case', ({ text, micros }) => {
    expect(parseInstant(text)).toBe(micros);
  });

  it.each([
    { case: 'a date alone', text: '2026-01-31' },
    { case: 'a time without an offset', text: '2026-01-31T05:00:00' },
    { case: 'a time without seconds', text: '2026-01-31T05:00Z' },
    { case: 'a space in place of the T', text: '2026-01-31 05:00:00Z' },
    { case: '30 February', text: '2026-02-30T00:00:00Z' },
    { case: '29 February of a common year', text: '2026-02-29T00:00:00Z' },
    { case: '29 February 1900', text: '1900-02-29T00:00:00Z' },
    { case: 'the month 0', text: '2026-00-10T00:00:00Z' },
    { case: 'the month 13', text: '2026-13-10T00:00:00Z' },
    { case: '31 April', text: '2026-04-31T00:00:00Z' },
    { case: 'the hour 24', text: '2026-01-31T24:00:00Z' },
    { case: 'a leap second', text: '2016-12-31T23:59:60Z' },
    { case: 'nanoseconds', text: '2026-01-31T05:00:00.1234567Z' },
    { case: 'a point without decimals', text: '2026-01-31T05:00:00.Z' },
    { case: 'an offset of 24 hours', text: '2026-01-31T05:00:00+24:00' },
    { case: 'an offset of 60 minutes', text: '2026-01-31T05:00:00+01:60' },
    { case: 'the year 0', text: '0000-12-31T23:59:59Z' },
    { case: 'an instant that its offset puts before the year 1', text: '0001-01-01T00:00:00+01:00' },
    { case: 'an instant that its offset puts after the year 9999', text: '9999-12-31T23:30:00-01:00' },
    { case: 'text around it', text: ' 2026-01-31T05:00:00Z' },
    { case: 'a line end after it', text: '2026-01-31T05:00:00Z\n' },
    { case: 'nothing', text: '' },
  ])('but not from $case', ({ text }) => {
    expect(tryInstant(text)).toBeUndefined();
    expect(() => parseInstant(text)).toThrow(Refusal);
  });
});

describe('an instant is written in UTC', () => {
  it.each([
    { case: 'without decimals where there are none', micros: 0n, text: '1970-01-01T00:00:00Z' },
    { case: 'with as many decimals as it has', micros: 1_500_000n, text: '1970-01-01T00:00:01.5Z' },
    { case: 'with all six', micros: 1n, text: '1970-01-01T00:00:00.000001Z' },
    { case: 'before the epoch', micros: -1n, text: '1969-12-31T23:59:59.999999Z' },
    { case: 'beyond the year 9999 as ISO 8601 does', micros: LAST + 1n, text: '+010000-01-01T00:00:00Z' },
    { case: 'a whole second before the epoch', micros: -SECOND, text: '1969-12-31T23:59:59Z' },
  ])('$case', ({ micros, text }) => {
    expect(formatInstant(micros)).toBe(text);
  });

  test('and read back as what it was', () => {
    fc.assert(
      fc.property(anyInstant, (instant) => {
        expect(parseInstant(formatInstant(instant))).toBe(instant);
      }),
      { examples: [[FIRST], [LAST]] },
    );
  });

  test('on the date that the calendar says', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
        (date) => {
          expect(parseInstant(date.toISOString())).toBe(BigInt(date.getTime()) * 1000n);
        },
      ),
    );
  });

  test('whatever offset it was written with', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -4n * 10n ** 15n, max: 4n * 10n ** 15n }), fc.integer({ min: -1439, max: 1439 }), (instant, offset) => {
        const local = formatInstant(instant + BigInt(offset) * 60n * SECOND).slice(0, -1);
        const two = (n: number): string => String(Math.trunc(Math.abs(n))).padStart(2, '0');
        expect(parseInstant(`${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`)).toBe(instant);
      }),
    );
  });
});

test('the earlier and the later of two instants', () => {
  expect([earliest(1n, 2n), earliest(2n, 1n), latest(1n, 2n), latest(2n, 1n)]).toEqual([1n, 1n, 2n, 2n]);
});
