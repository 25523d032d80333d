import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsKey, KEY_PATTERN } from '../http/field-rules.js';
import { PageQuery } from '../http/page.js';
import { EVENT_TYPES, type EventType } from './outbox.js';

export class EventsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only events of this account.', pattern: KEY_PATTERN })
  @IsOptional()
  @IsKey()
  account?: string;

  @ApiPropertyOptional({ description: 'Only events of this type.', enum: EVENT_TYPES })
  @IsOptional()
  @IsIn(EVENT_TYPES)
  type?: EventType;
}

export class EventView {
  @ApiProperty({ description: 'Names the event.', example: 'msg_0a1b2c3d4e' })
  id!: string;

  @ApiProperty({ description: 'What happened.', enum: EVENT_TYPES })
  type!: EventType;

  @ApiProperty({ description: 'When.', format: 'date-time' })
  at!: string;

  @ApiProperty({
    description: 'The thing that it tells of: an id where that has one of its own, else the account, or what the type says.',
    example: 'inv_0a1b2c3d4e',
  })
  subject!: string;

  @ApiProperty({ description: 'Of two events of one subject the later has the higher number; numbers are left out.', type: 'integer' })
  sequence!: number;

  @ApiProperty({ description: 'What it is about, by the type of the event.', type: 'object', additionalProperties: true })
  data!: object;
}
