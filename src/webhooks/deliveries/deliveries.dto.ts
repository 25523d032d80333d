import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, Matches } from 'class-validator';
import { EVENT_TYPES, type EventType } from '../../common/events/outbox.js';
import { IsInstant, IsKey, KEY_PATTERN, NullIsAbsent } from '../../common/http/field-rules.js';
import { PageQuery } from '../../common/http/page.js';
import { formatInstant } from '../../domain/instant.js';
import { type Attempt, type Delivery, DELIVERY_CAUSES, DELIVERY_STATES } from './delivery-records.js';

const EVENT_ID = /^msg_[0-9a-z]{1,60}$/;

export class DeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only deliveries in this state.', enum: DELIVERY_STATES })
  @IsOptional()
  @IsIn(DELIVERY_STATES)
  state?: Delivery['state'];

  @ApiPropertyOptional({ description: 'Only deliveries of this event (its id).' })
  @IsOptional()
  @Matches(EVENT_ID)
  event?: string;
}

export class AttemptView {
  @ApiProperty({ description: 'Counts the attempts of the delivery.', type: 'integer' })
  n!: number;

  @ApiProperty({ description: 'When it ended.', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'The HTTP status; null where there was no answer.', type: 'integer', nullable: true })
  status!: number | null;

  @ApiProperty({ description: 'How long it took, in milliseconds.', type: 'integer' })
  durationMs!: number;

  @ApiProperty({ description: 'Why it failed.', type: String, nullable: true })
  failure!: string | null;

  @ApiProperty({ description: 'The first 1,000 bytes of the answer.' })
  answer!: string;
}

export class DeliveryView {
  @ApiProperty({ description: 'Names the delivery.' })
  id!: string;

  @ApiProperty({ description: 'The event: the webhook-id that the endpoint sees.' })
  event!: string;

  @ApiProperty({ description: 'What happened.', enum: EVENT_TYPES })
  type!: EventType;

  @ApiProperty({ description: 'Why it is sent: it happened, or somebody asked for it.', enum: DELIVERY_CAUSES })
  cause!: Delivery['cause'];

  @ApiProperty({ description: 'How far it is. Failed: it is not tried again by itself.', enum: DELIVERY_STATES })
  state!: Delivery['state'];

  @ApiProperty({ description: 'When it was begun.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it is tried next; null once it has ended.', type: String, format: 'date-time', nullable: true })
  nextAttemptAt!: string | null;

  @ApiProperty({ description: 'When it ended.', type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;

  @ApiProperty({ description: 'How each attempt went, the first one first.', type: [AttemptView] })
  attempts!: AttemptView[];
}

export class RedeliverEventDto {
  @ApiPropertyOptional({ description: 'Only to this endpoint (its key); to all that hear of it, where absent.', pattern: KEY_PATTERN })
  @IsOptional()
  @NullIsAbsent()
  @IsKey()
  endpoint?: string;
}

export class RedeliverRangeDto {
  @ApiProperty({ description: 'Events of this instant or later.', format: 'date-time' })
  @IsInstant()
  from!: string;

  @ApiProperty({ description: 'Events from before this instant.', format: 'date-time' })
  @IsInstant()
  to!: string;

  @ApiPropertyOptional({ description: 'Leave out what reached the endpoint, or is on its way.', default: false })
  @IsOptional()
  @NullIsAbsent()
  @IsBoolean()
  undeliveredOnly?: boolean;
}

export class RedeliveriesView {
  @ApiProperty({ description: 'What was begun: one for each endpoint.', type: [DeliveryView] })
  data!: DeliveryView[];
}

export class RedeliveredRangeView {
  @ApiProperty({ description: 'How many events are sent again.', type: 'integer' })
  events!: number;
}

export const deliveryView = (delivery: Delivery, attempts: readonly Attempt[] = []): DeliveryView => ({
  id: delivery.id,
  event: delivery.eventId,
  type: delivery.type as EventType,
  cause: delivery.cause,
  state: delivery.state,
  createdAt: formatInstant(delivery.createdAt),
  nextAttemptAt: delivery.state === 'pending' ? formatInstant(delivery.dueAt) : null,
  finishedAt: delivery.finishedAt === null ? null : formatInstant(delivery.finishedAt),
  attempts: attempts.map(({ n, at, status, durationMs, failure, answer }) => ({
    n,
    at: formatInstant(at),
    status,
    durationMs,
    failure,
    answer,
  })),
});
