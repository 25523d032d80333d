import { Column, type ColumnOptions, PrimaryColumn, type PrimaryColumnOptions, type ValueTransformer } from 'typeorm';
import { formatInstant, type Instant } from '../../domain/instant.js';

/** TypeORM makes a `Date`, and loses the microseconds, of any text that it takes for an instant; pg asks this object for its text. */
class InstantParameter {
  constructor(private readonly text: string) {}
  toPostgres(): string {
    return this.text;
  }
}

const instants: ValueTransformer = {
  to: (value: unknown) => (typeof value === 'bigint' ? new InstantParameter(formatInstant(value)) : value),
  from: (value: Instant | null) => value,
};

/** A `timestamptz` that is an `Instant` in the entity, exact to the microsecond both ways. */
export const InstantColumn = (options: ColumnOptions = {}): PropertyDecorator =>
  Column('timestamptz', { ...options, transformer: instants });

/** The same as a part of the primary key. */
export const PrimaryInstantColumn = (options: PrimaryColumnOptions = {}): PropertyDecorator =>
  PrimaryColumn('timestamptz', { ...options, transformer: instants });

/** A `bigint`: money in minor units, positions. */
export const BigintColumn = (options: ColumnOptions = {}): PropertyDecorator => Column('bigint', options);
