import { Column, Entity, Generated, PrimaryColumn, Unique } from 'typeorm';
import { BigintColumn, InstantColumn } from '../common/database/columns.js';
import type { Meter } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

@Entity({ name: 'meter' })
@Unique('meter_id_unique', ['id'])
export class MeterRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'meter_pk' })
  key!: string;

  /** Names it in the tables of usage. */
  @Column('integer')
  @Generated('increment')
  id!: number;

  @Column('text')
  name!: string;

  /** How events become a quantity: all of a meter that is fixed once it is in use. */
  @Column('jsonb')
  definition!: Omit<Meter, 'key' | 'name'>;

  /** Whether an event matched it or a price names it. */
  @Column('boolean', { default: false })
  inUse!: boolean;

  /** Events up to this position came before the meter was defined: the back-fill adds them. */
  @BigintColumn({ default: 0 })
  fillsThrough!: bigint;

  /** When the back-fill had added them all; null while there is something to add. */
  @InstantColumn({ nullable: true })
  filledAt!: Instant | null;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
