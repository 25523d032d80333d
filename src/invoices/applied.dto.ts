import { ApiProperty } from '@nestjs/swagger';

export class AppliedView {
  @ApiProperty({ description: 'Whether a grant paid, or the balance.', enum: ['grant', 'balance'] })
  kind!: 'grant' | 'balance';

  @ApiProperty({ description: 'The grant; null for the balance.', type: String, nullable: true })
  grant!: string | null;

  @ApiProperty({ description: 'What it paid, tax included.', example: '17.72' })
  amount!: string;
}
