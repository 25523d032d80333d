import { Column, Entity, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../../common/database/columns.js';
import type { Instant } from '../../domain/instant.js';
import type { MappingContent } from './mapping-content.js';

@Entity({ name: 'accounting_mapping' })
export class AccountingMapping {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'accounting_mapping_pk' })
  key!: string;

  @Column('text')
  name!: string;

  @Column('jsonb')
  content!: MappingContent;

  /** Counts the changes: the ETag. */
  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
