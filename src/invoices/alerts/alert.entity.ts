import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../../common/database/columns.js';
import type { Instant } from '../../domain/instant.js';

/** Tells when an account has used so much of a meter, or for so much money, in a billing period. */
@Entity({ name: 'alert' })
@Check('alert_measure_is_known', `measure in ('quantity', 'cost')`)
@Check('alert_on_one_thing', '(account_id is null) <> (plan is null)')
@Index('alert_by_meter', ['meter'])
export class AlertRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'alert_pk' })
  key!: string;

  @Column('text')
  name!: string;

  /** The account that it is about; null where it is about all that hold a plan. */
  @Column('uuid', { nullable: true })
  accountId!: string | null;

  @Column('text', { nullable: true })
  plan!: string | null;

  @Column('text')
  meter!: string;

  @Column('text')
  measure!: 'quantity' | 'cost';

  /** Decimals without zeros at their end, in ascending order. */
  @Column('text', { array: true })
  thresholds!: string[];

  @Column('boolean', { default: false })
  archived!: boolean;

  /** When all accounts that it concerned were to be looked at; null while that is to be done. */
  @InstantColumn({ nullable: true })
  spreadAt!: Instant | null;

  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
