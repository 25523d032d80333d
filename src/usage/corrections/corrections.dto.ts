import { ApiProperty } from '@nestjs/swagger';
import { IsObject, IsString, Length } from 'class-validator';
import { EVENT_ID_PATTERN, StoredEventView, UsageEventDto } from '../usage.dto.js';

export class VoidEventDto {
  @ApiProperty({ description: 'Why, for whoever reads of it later.', minLength: 1, maxLength: 500, example: 'Reported twice' })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

export class ReplaceEventDto extends VoidEventDto {
  @ApiProperty({ description: 'The event that counts instead: of the same account, with an id of its own.', type: UsageEventDto })
  @IsObject()
  event!: Record<string, unknown>;
}

export class ActorView {
  @ApiProperty({ description: 'What acted.', enum: ['api_key', 'cli', 'system'] })
  kind!: string;

  @ApiProperty({ description: 'Which one.' })
  id!: string;
}

export class EventVoidView {
  @ApiProperty({ description: 'When it was voided.', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'By whom.', type: ActorView })
  by!: ActorView;

  @ApiProperty({ description: 'Why.' })
  reason!: string;

  @ApiProperty({ description: 'The event in its place.', type: String, nullable: true, pattern: EVENT_ID_PATTERN })
  replacedBy!: string | null;

  @ApiProperty({ description: 'The back-fill that voided it.', type: String, nullable: true, example: 'bkf_...' })
  backfill!: string | null;
}

export class UsageEventView extends StoredEventView {
  @ApiProperty({ description: 'What orders it among events of its instant.', type: String, nullable: true })
  sequence!: string | null;

  @ApiProperty({ description: 'Keys of the meters that count it, or would if it were not voided.', type: [String] })
  meters!: string[];

  @ApiProperty({ description: 'The event in whose place it is.', type: String, nullable: true, pattern: EVENT_ID_PATTERN })
  replaces!: string | null;

  @ApiProperty({ description: 'Since when it counts no more, and why; null while it counts.', type: EventVoidView, nullable: true })
  voided!: EventVoidView | null;
}
