import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Instant } from '../../domain/instant.js';
import { InstantColumn } from '../database/columns.js';

/** Who changed what, from what, to what, why. Never changed itself. */
@Entity({ name: 'audit_entry' })
@Index('audit_entry_by_account', { synchronize: false })
@Index('audit_entry_by_subject', { synchronize: false })
export class AuditEntry {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'audit_entry_pk' })
  id!: string;

  @InstantColumn()
  at!: Instant;

  @Column('text')
  actorKind!: string;

  @Column('text')
  actorId!: string;

  @Column('text')
  action!: string;

  @Column('uuid', { nullable: true })
  accountId!: string | null;

  @Column('text')
  subjectType!: string;

  @Column('text')
  subjectId!: string;

  @Column('jsonb', { nullable: true })
  before!: unknown;

  @Column('jsonb', { nullable: true })
  after!: unknown;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('text', { nullable: true })
  requestId!: string | null;
}
