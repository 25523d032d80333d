import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsKey, KEY_PATTERN } from '../common/http/field-rules.js';
import { V1SubscribeDto } from './v1.dto.js';

export class V1StartDto extends V1SubscribeDto {
  @ApiPropertyOptional({ description: 'A coupon to redeem.', pattern: KEY_PATTERN })
  @IsOptional()
  @IsKey()
  coupon_code?: string;
}
