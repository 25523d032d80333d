import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../common/database/columns.js';
import type { TaxCategory } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

@Entity({ name: 'tax_rate' })
@Check('tax_rate_rate_is_a_fraction', 'rate >= 0 and rate <= 1')
export class TaxRateRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'tax_rate_pk' })
  key!: string;

  @Column('text')
  name!: string;

  /** A decimal fraction: "0.20" is 20 %. */
  @Column('numeric')
  rate!: string;

  @Column('text')
  category!: TaxCategory;

  @Column('boolean')
  inclusive!: boolean;

  @Column('text', { nullable: true })
  exemptionReason!: string | null;

  @Column('boolean', { default: false })
  archived!: boolean;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
