import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../common/database/columns.js';
import type { Instant } from '../domain/instant.js';
import type { AccountKind } from '../domain/catalog.js';
import type { Address, Grace, ProviderName, TaxId } from './account-profile.js';

/** Who pays. Its id is derived from its key, so that every table finds its shard without a look-up. */
@Entity({ name: 'account' })
@Check('account_kind_is_known', `kind in ('user', 'organization')`)
@Index('account_newest', { synchronize: false })
export class Account {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'account_pk' })
  id!: string;

  @Column('text')
  key!: string;

  @Column('text')
  kind!: AccountKind;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  email!: string | null;

  @Column('text')
  currency!: string;

  @Column('text')
  timeZone!: string;

  @Column('jsonb', { nullable: true })
  address!: Address | null;

  @Column('jsonb', { default: [] })
  taxIds!: readonly TaxId[];

  /** Keys of tax rates, in the order in which an invoice shows them. */
  @Column('text', { array: true, default: [] })
  taxRates!: readonly string[];

  @Column('text')
  provider!: ProviderName;

  /** Key of the dunning policy that it has instead of the default one. */
  @Column('text', { nullable: true })
  dunningPolicy!: string | null;

  @Column('jsonb', { default: {} })
  metadata!: Readonly<Record<string, string>>;

  /** Key of who sells to it; null for the default seller. */
  @Column('text', { nullable: true })
  seller!: string | null;

  @Column('integer', { nullable: true })
  paymentTermsDays!: number | null;

  @Column('jsonb', { nullable: true })
  usageGrace!: Grace | null;

  /** Since when an invoice could not be collected. */
  @InstantColumn({ nullable: true })
  pastDueSince!: Instant | null;

  /** Counts the changes: the ETag. */
  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
