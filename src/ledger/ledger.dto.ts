import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsInstant, IsKey } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';
import { LEDGER_ACCOUNTS } from '../domain/ledger.js';

const ACCOUNTS = Object.keys(LEDGER_ACCOUNTS);

export class TrialBalanceQuery {
  @ApiPropertyOptional({ description: 'Entries up to and with this instant; now, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  asOf?: string;
}

export class TrialBalanceRow {
  @ApiProperty({ description: 'The ledger account.', enum: ACCOUNTS })
  ledgerAccount!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'All debits.', example: '120.00' })
  debit!: string;

  @ApiProperty({ description: 'All credits.', example: '100.00' })
  credit!: string;

  @ApiProperty({ description: 'Debits less credits.', example: '20.00' })
  balance!: string;
}

export class TrialBalanceView {
  @ApiProperty({ description: 'As of when.', format: 'date-time' })
  asOf!: string;

  @ApiProperty({
    description: 'One for each ledger account and currency. The balances of a currency sum to zero.',
    type: [TrialBalanceRow],
  })
  data!: TrialBalanceRow[];
}

export class EntriesQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only entries of this account (its key).' })
  @IsOptional()
  @IsKey()
  account?: string;
}

export class PostingView {
  @ApiProperty({ description: 'The ledger account.', enum: ACCOUNTS })
  ledgerAccount!: string;

  @ApiProperty({ description: 'A debit above zero, a credit below.', example: '-12.00' })
  amount!: string;
}

export class EntryView {
  @ApiProperty({ description: 'Names the entry.' })
  id!: string;

  @ApiProperty({ description: 'When.', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'What kind of thing caused it.', enum: ['invoice', 'credit_note', 'payment', 'refund', 'import'] })
  causeKind!: string;

  @ApiProperty({ description: 'Which one.' })
  causeId!: string;

  @ApiProperty({ description: 'What it records.', example: 'invoice_issued' })
  purpose!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'Sum to zero.', type: [PostingView] })
  postings!: PostingView[];
}
