import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Instant } from '../../domain/instant.js';
import { InstantColumn } from '../database/columns.js';

/** The answer that was given to a key, stored in the transaction of its effect. */
@Entity({ name: 'idempotency_key' })
@Index('idempotency_key_by_expiry', { synchronize: false })
export class IdempotencyKey {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotency_key_pk' })
  actor!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'idempotency_key_pk' })
  key!: string;

  /** SHA-256 of method, path, query and body. */
  @Column('text')
  request!: string;

  /** The answer, or the problem. */
  @Column('jsonb')
  answer!: StoredAnswer;

  @InstantColumn()
  expiresAt!: Instant;
}

export type StoredAnswer =
  | { readonly value: unknown }
  | { readonly refusal: { readonly kind: string; readonly code: string; readonly detail: string; readonly problems: readonly unknown[] } };
