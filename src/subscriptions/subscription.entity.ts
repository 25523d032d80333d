import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { InstantColumn } from '../common/database/columns.js';
import type { Fact } from '../domain/subscription/facts.js';
import type { Instant } from '../domain/instant.js';

/** A projection of a subscription's facts, for look-ups and lists. It holds nothing that time alone changes. */
@Entity({ name: 'subscription' })
@Index('subscription_newest', { synchronize: false })
export class Subscription {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscription_pk' })
  accountId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'subscription_pk' })
  id!: string;

  @Column('text', { nullable: true })
  addOnTo!: string | null;

  @InstantColumn()
  startsAt!: Instant;

  @InstantColumn({ nullable: true })
  trialEndsAt!: Instant | null;

  @InstantColumn({ nullable: true })
  endsAt!: Instant | null;

  /** A multirange. */
  @Column('tstzmultirange', { default: '{}' })
  pausedIn!: string;

  /** The number of the last fact: the ETag. */
  @Column('integer')
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;
}

/** A fact about a subscription. Never changed or removed: a trigger refuses it. */
@Entity({ name: 'subscription_change' })
@Index('subscription_change_by_plan', { synchronize: false })
@ForeignKey(() => Subscription, ['accountId', 'subscriptionId'], ['accountId', 'id'], { name: 'subscription_change_subscription_fk' })
export class SubscriptionChange {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscription_change_pk' })
  accountId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'subscription_change_pk' })
  subscriptionId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'subscription_change_pk' })
  seq!: number;

  @Column('text')
  kind!: Fact['kind'];

  @InstantColumn()
  effectiveAt!: Instant;

  @InstantColumn()
  recordedAt!: Instant;

  /** What the kind of fact carries besides; instants in it are RFC 3339. */
  @Column('jsonb')
  payload!: object;
}
