import { ApiProperty } from '@nestjs/swagger';

export class RunChangeView {
  @ApiProperty({ description: 'Key of the account.' })
  account!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'What the account would be billed.', example: '39.00' })
  total!: string;

  @ApiProperty({ description: 'What its last invoice came to; null where this would be its first.', type: String, nullable: true })
  lastTotal!: string | null;

  @ApiProperty({ description: 'How much more that is, or less.', example: '-9.00' })
  change!: string;
}
