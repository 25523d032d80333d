import { Column, Entity, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../common/database/columns.js';
import type { Meter } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

@Entity({ name: 'meter' })
export class MeterRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'meter_pk' })
  key!: string;

  @Column('text')
  name!: string;

  /** How events become a quantity: all of a meter that is fixed once it is in use. */
  @Column('jsonb')
  definition!: Omit<Meter, 'key' | 'name'>;

  /** Whether an event matched it or a price names it. */
  @Column('boolean', { default: false })
  inUse!: boolean;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
