import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { buildMessage, ValidateBy, type ValidationOptions } from 'class-validator';
import { isCurrency } from '../../domain/currency.js';
import { isDecimal } from '../../domain/decimal.js';
import { tryInstant } from '../../domain/instant.js';
import { isTimeZone } from '../../domain/period.js';

/** What fields of the API's bodies have in common. The name of a rule is the code of the problem that it reports. */

export const KEY_PATTERN = '^[a-z0-9][a-z0-9._:-]{0,99}$';
export const PROPERTY_PATTERN = '^[A-Za-z_][A-Za-z0-9_.-]{0,99}$';
export const DECIMAL_PATTERN = '^-?(0|[1-9]\\d*)(\\.\\d+)?$';

const KEY = new RegExp(KEY_PATTERN);
const PROPERTY = new RegExp(PROPERTY_PATTERN);
const DAY_PATTERN = /^\d{4}-\d{2}-\d{2}$/;
const MONTH_PATTERN = /^\d{4}-\d{2}$/;
const IANA_NAME = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

const [EARLIEST, LATEST] = [tryInstant('1970-01-01T00:00:00Z') ?? 0n, tryInstant('2200-01-01T00:00:00Z') ?? 0n];
const METADATA_ENTRIES_MAX = 50;
const METADATA_NAME_LENGTH_MAX = 40;
const METADATA_VALUE_LENGTH_MAX = 500;
const FILTER_VALUES_MAX = 100;
const CODES_MAX = 5_000;
const CODES_NAME_LENGTH_MAX = 500;
const CODES_LENGTH_MAX = 200;
const QUANTITY_MAX = 1_000_000_000;

export const isKey = (value: unknown): boolean => typeof value === 'string' && KEY.test(value);

const isBoundedInstant = (value: unknown): boolean => {
  const instant = typeof value === 'string' ? tryInstant(value) : undefined;
  return instant !== undefined && instant >= EARLIEST && instant < LATEST;
};

export const isMonth = (value: unknown): boolean =>
  typeof value === 'string' && MONTH_PATTERN.test(value) && isBoundedInstant(`${value}-01T00:00:00Z`);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const isBoundedText = (value: unknown, lengthMax: number): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= lengthMax && !value.includes('\0');

/** A caller's own key. */
export const IsKey = (options?: ValidationOptions): PropertyDecorator =>
  rule('invalid_key', isKey, 'be a key: 1 to 100 of a-z, 0-9 and ._:- , beginning with a letter or digit', options);

export const IsCurrency = (): PropertyDecorator =>
  rule('unknown_currency', (value) => typeof value === 'string' && isCurrency(value), 'be an active ISO 4217 code, such as USD');

export const IsTimeZoneName = (): PropertyDecorator =>
  rule(
    'unknown_time_zone',
    (value) => typeof value === 'string' && IANA_NAME.test(value) && isTimeZone(value),
    'be an IANA time zone, such as Europe/Berlin',
  );

/** An RFC 3339 instant with offset, from the year 1970 to 2199. */
export const IsInstant = (): PropertyDecorator =>
  rule('invalid_instant', isBoundedInstant, 'be an RFC 3339 instant with offset from the years 1970 to 2199, such as 2026-01-31T05:00:00Z');

/** `now`, `period_end`, or an instant. */
export const IsWhen = (): PropertyDecorator =>
  rule(
    'invalid_when',
    (value) => value === 'now' || value === 'period_end' || isBoundedInstant(value),
    'be "now", "period_end" or an RFC 3339 instant with offset, such as 2026-01-31T05:00:00Z',
  );

/** The same, or `auto`. */
export const IsWhenOrAuto = (): PropertyDecorator =>
  rule(
    'invalid_when',
    (value) => value === 'now' || value === 'period_end' || value === 'auto' || isBoundedInstant(value),
    'be "now", "period_end", "auto" or an RFC 3339 instant with offset, such as 2026-01-31T05:00:00Z',
  );

/** Money, a price or a quantity: a decimal string, never a JSON number. */
export const IsDecimalString = (): PropertyDecorator =>
  applyDecorators(
    rule('must_be_string', (value) => typeof value !== 'number', 'be a decimal string such as "12.50", not a JSON number'),
    rule(
      'invalid_decimal',
      (value) => typeof value === 'number' || (typeof value === 'string' && isDecimal(value)),
      'be a plain decimal such as "12.50"',
    ),
  );

/** A field that may be left out may be null as well, which says the same. */
export const NullIsAbsent = (): PropertyDecorator => Transform(({ value }: { value: unknown }) => value ?? undefined);

/** Money that moves: what is zero or below moves nothing. */
export const IsAboveZero = (): PropertyDecorator =>
  rule('invalid_money', (value) => typeof value !== 'string' || !isDecimal(value) || /^[^-]*[1-9]/.test(value), 'be above zero');

/** A calendar day from the year 1970 to 2199. */
export const IsDay = (): PropertyDecorator =>
  rule(
    'invalid_day',
    (value) => typeof value === 'string' && DAY_PATTERN.test(value) && isBoundedInstant(`${value}T00:00:00Z`),
    'be a day of the calendar from the years 1970 to 2199, such as 2026-01-31',
  );

/** A month of the calendar from the year 1970 to 2199. */
export const IsMonth = (): PropertyDecorator => rule('invalid_month', isMonth, 'be a month from the years 1970 to 2199, such as 2026-01');

/** A bounded map of texts. */
export const IsMetadata = (): PropertyDecorator =>
  rule(
    'invalid_metadata',
    (value) =>
      isRecord(value) &&
      Object.keys(value).length <= METADATA_ENTRIES_MAX &&
      Object.entries(value).every(
        ([name, text]) =>
          name.length > 0 &&
          name.length <= METADATA_NAME_LENGTH_MAX &&
          typeof text === 'string' &&
          text.length <= METADATA_VALUE_LENGTH_MAX,
      ),
    `hold at most ${METADATA_ENTRIES_MAX} texts, with names of 1 to ${METADATA_NAME_LENGTH_MAX} and values of up to ${METADATA_VALUE_LENGTH_MAX} characters`,
  );

/** What things are called elsewhere: a bounded map of texts. */
export const IsCodes = (): PropertyDecorator =>
  rule(
    'invalid_codes',
    (value) =>
      isRecord(value) &&
      Object.keys(value).length <= CODES_MAX &&
      Object.entries(value).every(([name, code]) => isBoundedText(name, CODES_NAME_LENGTH_MAX) && isBoundedText(code, CODES_LENGTH_MAX)),
    `hold at most ${CODES_MAX} texts, with names of 1 to ${CODES_NAME_LENGTH_MAX} and values of 1 to ${CODES_LENGTH_MAX} characters`,
  );

/** Values that events must have, by property. */
export const IsUsageFilter = (): PropertyDecorator =>
  rule(
    'invalid_filter',
    (value) =>
      isRecord(value) &&
      Object.entries(value).every(
        ([property, values]) =>
          PROPERTY.test(property) &&
          Array.isArray(values) &&
          values.length > 0 &&
          values.length <= FILTER_VALUES_MAX &&
          values.every((item) => typeof item === 'string'),
      ),
    `give each property a list of 1 to ${FILTER_VALUES_MAX} texts`,
  );

/** Whole numbers from 0, by price key. */
export const IsQuantities = (): PropertyDecorator =>
  rule(
    'invalid_quantity',
    (value) =>
      isRecord(value) && Object.values(value).every((item) => Number.isInteger(item) && Number(item) >= 0 && Number(item) <= QUANTITY_MAX),
    `give each price key a whole number from 0 to ${QUANTITY_MAX}`,
  );

function rule(name: string, accepts: (value: unknown) => boolean, must: string, options?: ValidationOptions): PropertyDecorator {
  const defaultMessage = buildMessage((each) => `${each}$property must ${must}`, options);
  return ValidateBy({ name, validator: { validate: accepts, defaultMessage } }, options);
}
