import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import { InstantColumn } from '../../common/database/columns.js';
import type { Instant } from '../../domain/instant.js';

/** Where webhooks are sent, and of which events. */
@Entity({ name: 'webhook_endpoint' })
@Unique('webhook_endpoint_id', ['id'])
export class WebhookEndpoint {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'webhook_endpoint_pk' })
  key!: string;

  /** What its secrets and deliveries belong to: another one for an endpoint that is created anew under the key. */
  @Column('text')
  id!: string;

  @Column('text')
  url!: string;

  /** Filters: `*`, `invoice.*`, `invoice.sent`. */
  @Column('text', { array: true })
  events!: string[];

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('boolean')
  enabled!: boolean;

  /** The first failure since the last success. */
  @InstantColumn({ nullable: true })
  failingSince!: Instant | null;

  @InstantColumn({ nullable: true })
  disabledAt!: Instant | null;

  @Column('text', { nullable: true })
  disabledReason!: string | null;

  /** Counts the changes: the ETag. */
  @Column('integer', { default: 1 })
  revision!: number;

  @InstantColumn()
  createdAt!: Instant;

  @InstantColumn()
  updatedAt!: Instant;
}
