import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Instant } from '../../domain/instant.js';
import { InstantColumn } from '../database/columns.js';

/** An API key: of its secret only a keyed hash is known. */
@Entity({ name: 'api_key' })
export class ApiKey {
  /** The third part of the key, by which it is found. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'api_key_pk' })
  id!: string;

  @Column('text')
  name!: string;

  /** HMAC-SHA-256 of the whole key, hexadecimal. */
  @Column('text')
  hash!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn({ nullable: true })
  expiresAt!: Instant | null;

  @InstantColumn({ nullable: true })
  revokedAt!: Instant | null;
}
