import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../common/database/columns.js';
import type { FeatureKind } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

/** Something that plans let accounts do. */
@Entity({ name: 'feature' })
@Check('feature_kind_is_known', `kind in ('limit', 'flag')`)
export class Feature {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'feature_pk' })
  key!: string;

  @Column('text')
  name!: string;

  @Column('text')
  kind!: FeatureKind;

  /** Key of the meter that tells how much of it is used; null where the caller reports it. */
  @Column('text', { nullable: true })
  meter!: string | null;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
