import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { type ProviderName, PROVIDERS } from '../../accounts/account-profile.js';
import { PageQuery } from '../../common/http/page.js';
import { PROVIDER_EVENT_STATES, type ProviderEventState } from './provider-event-records.js';

export class ProviderEventsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only events in this state.', enum: PROVIDER_EVENT_STATES })
  @IsOptional()
  @IsIn(PROVIDER_EVENT_STATES)
  state?: ProviderEventState;

  @ApiPropertyOptional({ description: 'Only events of this provider.', enum: PROVIDERS })
  @IsOptional()
  @IsIn(PROVIDERS)
  provider?: ProviderName;
}

export class ProviderEventView {
  @ApiProperty({ description: "The provider's name of the event." })
  id!: string;

  @ApiProperty({ description: 'Who told.', example: 'stripe' })
  provider!: string;

  @ApiProperty({ description: "The provider's name of what happened.", example: 'payment_intent.succeeded' })
  type!: string;

  @ApiProperty({
    description:
      '`received`: to be dealt with. `processed`: noted. `ignored`: about nothing of ours. `parked`: could not be dealt with; `reason` says why.',
    enum: PROVIDER_EVENT_STATES,
  })
  state!: ProviderEventState;

  @ApiProperty({
    description: 'What of the provider it is about: its ids.',
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
  })
  about!: Readonly<Record<string, string>> | null;

  @ApiProperty({ description: 'How often dealing with it failed.', type: 'integer' })
  tries!: number;

  @ApiProperty({ description: 'Why it is parked, or failed last.', type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ description: 'When it happened, as the provider tells.', format: 'date-time' })
  occurredAt!: string;

  @ApiProperty({ description: 'When it was told first.', format: 'date-time' })
  receivedAt!: string;

  @ApiProperty({ description: 'When it was dealt with or parked.', format: 'date-time', type: String, nullable: true })
  settledAt!: string | null;
}
