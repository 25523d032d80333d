import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../../common/database/columns.js';
import type { DunningPolicy } from '../../domain/dunning/policy.js';
import type { Instant } from '../../domain/instant.js';

@Entity({ name: 'dunning_policy' })
@Index('dunning_policy_one_default', { synchronize: false })
export class DunningPolicyRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'dunning_policy_pk' })
  key!: string;

  @Column('text')
  name!: string;

  @Column('boolean', { default: false })
  isDefault!: boolean;

  @Column('integer')
  newestVersion!: number;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}

/** Never changed or removed: a trigger refuses it. */
@Entity({ name: 'dunning_policy_version' })
export class DunningPolicyVersionRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'dunning_policy_version_pk' })
  @ForeignKey(() => DunningPolicyRow, { name: 'dunning_policy_version_policy_fk' })
  policy!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'dunning_policy_version_pk' })
  version!: number;

  @Column('jsonb')
  rules!: DunningPolicy;

  @InstantColumn()
  createdAt!: Instant;
}
