import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { IsInstant, IsKey } from '../common/http/field-rules.js';

const STATUSES = ['accepted', 'duplicate', 'conflict', 'rejected'] as const;

export const EVENT_ID_PATTERN = '^evt_[0-9a-z]{52}$';

/** A CloudEvents 1.0 event. */
export class UsageEventDto {
  @ApiPropertyOptional({ description: 'The version of CloudEvents.', enum: ['1.0'] })
  specversion?: string;

  @ApiProperty({ description: 'Names the event within its source, for ever.', minLength: 1, maxLength: 200 })
  id!: string;

  @ApiProperty({ description: 'Who reports.', minLength: 1, maxLength: 200, example: 'cloud/eu-1' })
  source!: string;

  @ApiProperty({
    description: 'What happened: the meters with this event type count it.',
    minLength: 1,
    maxLength: 200,
    example: 'node.state',
  })
  type!: string;

  @ApiProperty({ description: 'The key of the account.', example: 'acme' })
  subject!: string;

  @ApiProperty({ description: 'When it happened, to the microsecond.', format: 'date-time' })
  time!: string;

  @ApiPropertyOptional({ description: 'Orders events of one resource at one instant.', maxLength: 200 })
  sequence?: string;

  @ApiPropertyOptional({
    description: 'The properties that meters read.',
    type: 'object',
    additionalProperties: true,
    example: { node: 'n1', nodes: 2 },
  })
  data?: Record<string, unknown>;
}

export class EventResultDto {
  @ApiProperty({ description: 'Its position among the events that were sent, from 0.', type: 'integer' })
  index!: number;

  @ApiPropertyOptional({ description: 'Its line in a stream, counted from 1 with blank ones.', type: 'integer' })
  line?: number;

  @ApiProperty({ description: 'Its id, where it has one.', type: String, nullable: true })
  id!: string | null;

  @ApiProperty({ description: 'What became of it.', enum: STATUSES })
  status!: (typeof STATUSES)[number];

  @ApiPropertyOptional({
    description: 'Names the event in our paths; with `verbose`, for every event that is stored.',
    pattern: EVENT_ID_PATTERN,
  })
  eventId?: string;

  @ApiPropertyOptional({ description: 'Of a duplicate: set where the event was voided, and so counts no more.' })
  voided?: boolean;

  @ApiPropertyOptional({ description: 'Why it was rejected.', example: 'unknown_account' })
  code?: string;

  @ApiPropertyOptional({ description: 'Where in the event, as a JSON pointer.', example: '/subject' })
  pointer?: string;
}

export class ReportDto {
  @ApiProperty({ description: 'Stored now.', type: 'integer' })
  accepted!: number;

  @ApiProperty({ description: 'Stored before, with the same content.', type: 'integer' })
  duplicates!: number;

  @ApiProperty({ description: 'Stored before with another content, which stands.', type: 'integer' })
  conflicts!: number;

  @ApiProperty({ description: 'Not stored.', type: 'integer' })
  rejected!: number;

  @ApiProperty({ description: 'Every event that was not accepted; with `verbose`, every event.', type: [EventResultDto] })
  results!: EventResultDto[];

  @ApiPropertyOptional({ description: 'Set where a stream had more than the 10,000 results that are listed; the counts are of all.' })
  truncated?: boolean;
}

/** One line of the answer to a stream: the part that was committed with it. */
export class ChunkReportDto extends ReportDto {
  @ApiProperty({ description: 'The line up to which the stream is committed.', type: 'integer' })
  throughLine!: number;
}

export class ReportQuery {
  @ApiPropertyOptional({ description: 'Whether `results` lists accepted events too.', enum: ['true', 'false'], default: 'false' })
  @IsOptional()
  @IsIn(['true', 'false'])
  verbose?: string;
}

/** What an account used of a meter in a range of time. */
export class MeterRangeDto {
  @ApiProperty({ description: 'Key of the account.', example: 'acme' })
  @IsKey()
  account!: string;

  @ApiProperty({ description: 'Key of the meter.', example: 'node-hours' })
  @IsKey()
  meter!: string;

  @ApiProperty({ description: 'From this instant on.', format: 'date-time' })
  @IsInstant()
  from!: string;

  @ApiProperty({ description: 'Up to before this instant.', format: 'date-time' })
  @IsInstant()
  to!: string;
}

export class EventsQuery {
  @ApiProperty({ description: 'Key of the account.', example: 'acme' })
  @IsKey()
  account!: string;

  @ApiProperty({ description: 'Who reported it.' })
  @IsString()
  @Length(1, 200)
  source!: string;

  @ApiProperty({ description: 'The id that it was reported with.' })
  @IsString()
  @Length(1, 200)
  id!: string;
}

export class StoredEventView {
  @ApiProperty({ description: 'Names the event in our paths, for good.', pattern: EVENT_ID_PATTERN })
  eventId!: string;

  @ApiProperty({ description: 'The id that it was reported with.' })
  id!: string;

  @ApiProperty({ description: 'Who reported it.' })
  source!: string;

  @ApiProperty({ description: 'What happened.' })
  type!: string;

  @ApiProperty({ description: 'The key of the account.' })
  subject!: string;

  @ApiProperty({ description: 'When it happened.', format: 'date-time' })
  time!: string;

  @ApiProperty({ description: 'Its properties.', type: 'object', additionalProperties: true })
  data!: Record<string, unknown>;

  @ApiProperty({ description: 'When it was stored.', format: 'date-time' })
  receivedAt!: string;
}

export class StoredEventsView {
  @ApiProperty({ description: 'The event, or nothing.', type: [StoredEventView] })
  data!: StoredEventView[];
}
