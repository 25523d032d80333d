import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../common/database/columns.js';
import type { PlanVersion } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

@Entity({ name: 'plan' })
export class Plan {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'plan_pk' })
  key!: string;

  @Column('integer')
  newestVersion!: number;

  @InstantColumn({ nullable: true })
  archivedAt!: Instant | null;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}

export type PlanContent = Omit<PlanVersion, 'plan' | 'version'>;

/** Never changed or removed: a trigger refuses it. */
@Entity({ name: 'plan_version' })
@Check('plan_version_only_the_first_is_timeless', '(version = 1) = (effective_at is null)')
export class PlanVersionRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'plan_version_pk' })
  @ForeignKey(() => Plan, { name: 'plan_version_plan_fk' })
  plan!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'plan_version_pk' })
  version!: number;

  /** Null in the first version, which is in force from the beginning of time. */
  @InstantColumn({ nullable: true })
  effectiveAt!: Instant | null;

  @Column('jsonb')
  content!: PlanContent;

  @InstantColumn()
  createdAt!: Instant;
}
