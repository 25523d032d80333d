import { ApiProperty, ApiPropertyOptional, IntersectionType, OmitType, PartialType, PickType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { buildMessage, ValidateBy } from 'class-validator';
import { EVENT_TYPES } from '../../common/events/outbox.js';
import { IsKey, KEY_PATTERN, NullIsAbsent } from '../../common/http/field-rules.js';
import { isFilter } from '../../domain/webhooks/filters.js';

const URL_LENGTH_MAX = 1_000;
const DESCRIPTION_LENGTH_MAX = 500;
const FILTERS_MAX = 50;
const DAY_SECONDS = 86_400;
const OVERLAP_SECONDS_MAX = 7 * DAY_SECONDS;

/** Which events: all, all of one kind of thing, or one type. */
const AreEventFilters = (): PropertyDecorator =>
  ValidateBy(
    {
      name: 'unknown_event_type',
      validator: {
        validate: (value) => typeof value === 'string' && isFilter(value, EVENT_TYPES),
        defaultMessage: buildMessage(
          (each) => `${each}$property must be "*", a kind such as "invoice.*", or one of ${EVENT_TYPES.join(', ')}`,
          {
            each: true,
          },
        ),
      },
    },
    { each: true },
  );

/** An endpoint's fields, described once: all of them in an answer, URL and events required in a request. */
class WebhookEndpointFields {
  @ApiProperty({ description: 'The key chosen by the caller; in a request it may be left out.', pattern: KEY_PATTERN, example: 'hub' })
  @IsKey()
  key!: string;

  @ApiProperty({
    description: 'Where events are posted to: https, at a public address, without user and password.',
    maxLength: URL_LENGTH_MAX,
    example: 'https://hub.example.com/wharfage-events',
  })
  @IsString()
  @Length(1, URL_LENGTH_MAX)
  url!: string;

  @ApiProperty({
    description: 'Which events: `*` for all, `invoice.*` for all of one kind of thing, or types.',
    type: [String],
    minItems: 1,
    maxItems: FILTERS_MAX,
    example: ['invoice.*', 'entitlements.changed'],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(FILTERS_MAX)
  @ArrayUnique()
  @AreEventFilters()
  events!: string[];

  @ApiProperty({ description: 'For people.', type: String, nullable: true, maxLength: DESCRIPTION_LENGTH_MAX })
  @NullIsAbsent()
  @IsString()
  @Length(1, DESCRIPTION_LENGTH_MAX)
  description!: string | null;

  @ApiProperty({ description: 'Whether events are sent; true if left out. Enabled again, an endpoint begins anew.' })
  @NullIsAbsent()
  @IsBoolean()
  enabled!: boolean;
}

const REQUIRED = ['url', 'events'] as const;

export class PutWebhookEndpointDto extends IntersectionType(
  PickType(WebhookEndpointFields, REQUIRED),
  PartialType(OmitType(WebhookEndpointFields, REQUIRED)),
) {}

export class WebhookEndpointView extends WebhookEndpointFields {
  @ApiProperty({ description: 'Since when every attempt has failed.', type: String, format: 'date-time', nullable: true })
  failingSince!: string | null;

  @ApiProperty({ description: 'When it was disabled.', type: String, format: 'date-time', nullable: true })
  disabledAt!: string | null;

  @ApiProperty({ description: 'Why it was disabled.', type: String, nullable: true })
  disabledReason!: string | null;

  @ApiProperty({ description: 'When the endpoint was created.', format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updatedAt!: string;
}

export class PutWebhookEndpointView extends WebhookEndpointView {
  @ApiPropertyOptional({
    description: 'What deliveries are signed with: shown this once, by the answer that created the endpoint.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  })
  secret?: string;
}

export class RotateSecretDto {
  @ApiPropertyOptional({
    description: 'For how long deliveries are signed with the old secret, too.',
    type: 'integer',
    minimum: 0,
    maximum: OVERLAP_SECONDS_MAX,
    default: DAY_SECONDS,
  })
  @IsOptional()
  @NullIsAbsent()
  @IsInt()
  @Min(0)
  @Max(OVERLAP_SECONDS_MAX)
  overlapSeconds?: number;
}

export class NewSecretView {
  @ApiProperty({ description: 'Names the secret.' })
  id!: string;

  @ApiProperty({ description: 'The secret: shown this once.', example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  secret!: string;

  @ApiProperty({ description: 'Until when the secret before signs, too.', format: 'date-time' })
  previousValidUntil!: string;
}
