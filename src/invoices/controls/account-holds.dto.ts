import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

export class HoldAccountDto {
  @ApiProperty({ description: 'Why; whoever looks at parked accounts reads it.', minLength: 1, maxLength: 500 })
  @IsString()
  @Length(1, 500)
  reason!: string;
}

export class ReleasedAccountView {
  @ApiProperty({ description: 'Key of the account.' })
  account!: string;
}
