import { Column, Entity, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../common/database/columns.js';
import type { Coupon } from '../domain/catalog.js';
import type { Instant } from '../domain/instant.js';

/** What a coupon takes off, and who may still redeem it. */
export type CouponDefinition = Omit<Coupon, 'key'> & {
  /** RFC 3339. */
  readonly redeemBy?: string;
  readonly maxRedemptions?: number;
};

@Entity({ name: 'coupon' })
export class CouponRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'coupon_pk' })
  key!: string;

  @Column('text')
  name!: string;

  @Column('jsonb')
  definition!: CouponDefinition;

  @Column('integer', { default: 0 })
  redemptions!: number;

  @Column('boolean', { default: false })
  archived!: boolean;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
