import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { IsDay } from '../../common/http/field-rules.js';

export class ReceiptsQuery {
  @ApiProperty({ description: 'Who reported.' })
  @IsString()
  @Length(1, 200)
  source!: string;

  @ApiProperty({ description: 'From this day on, in UTC.', format: 'date', example: '2026-01-01' })
  @IsDay()
  from!: string;

  @ApiProperty({ description: 'Up to before this day; at most 400 days later.', format: 'date', example: '2026-02-01' })
  @IsDay()
  to!: string;
}

export class ReceiptView {
  @ApiProperty({ description: 'The day on which it happened, in UTC.', format: 'date' })
  day!: string;

  @ApiProperty({ description: 'Key of the meter that counts it.' })
  meter!: string;

  @ApiProperty({ description: 'Events that were accepted, later voided ones too.', type: 'integer' })
  events!: number;

  @ApiProperty({ description: 'The sum of what the meter reads in them, exact; "0" where it reads nothing.', example: '12.5' })
  total!: string;

  @ApiProperty({ description: 'How many of the events were voided.', type: 'integer' })
  voided!: number;
}

export class ReceiptsView {
  @ApiProperty({ description: 'Who reported.' })
  source!: string;

  @ApiProperty({ description: 'From.', format: 'date' })
  from!: string;

  @ApiProperty({ description: 'To (not included).', format: 'date' })
  to!: string;

  @ApiProperty({ description: 'By day and meter; nothing for days without events.', type: [ReceiptView] })
  data!: ReceiptView[];
}
