import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsInstant, IsKey } from '../common/http/field-rules.js';
import { PageQuery } from '../common/http/page.js';
import { CAUSE_KINDS, LEDGER_ACCOUNTS } from '../domain/ledger.js';

const ACCOUNTS = Object.keys(LEDGER_ACCOUNTS);

export class TrialBalanceQuery {
  @ApiPropertyOptional({ description: 'Entries up to and with this instant; now, where absent.', format: 'date-time' })
  @IsOptional()
  @IsInstant()
  asOf?: string;

  @ApiPropertyOptional({ description: 'Only the books of this seller (its key).' })
  @IsOptional()
  @IsKey()
  seller?: string;
}

export class TrialBalanceRow {
  @ApiProperty({ description: 'In whose books: the key of the seller.' })
  seller!: string;

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
    description: 'One for each seller, currency and ledger account. The balances of a currency sum to zero.',
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

export class SealView {
  @ApiProperty({ description: 'Counted from 1.', example: '12000' })
  number!: string;

  @ApiProperty({ description: 'SHA-256 of the entry and of the hash before, in hex.' })
  hash!: string;
}

export class EntryView {
  @ApiProperty({ description: 'Names the entry.' })
  id!: string;

  @ApiProperty({ description: 'In whose books: the key of the seller.' })
  seller!: string;

  @ApiProperty({ description: 'The id of the account; zeros where it is of no account in particular.', format: 'uuid' })
  accountId!: string;

  @ApiProperty({ description: 'The instant that it counts from.', format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'When it happened: earlier than `at` where that month was closed already.', format: 'date-time' })
  eventAt!: string;

  @ApiProperty({ description: 'What kind of thing caused it.', enum: CAUSE_KINDS })
  causeKind!: string;

  @ApiProperty({ description: 'Which one.' })
  causeId!: string;

  @ApiProperty({ description: 'The id of the invoice that it is about, and whose receivable it moves.', type: String, nullable: true })
  invoice!: string | null;

  @ApiProperty({ description: 'What it records.', example: 'invoice_issued' })
  purpose!: string;

  @ApiProperty({ description: 'The currency.', example: 'USD' })
  currency!: string;

  @ApiProperty({ description: 'Sum to zero.', type: [PostingView] })
  postings!: PostingView[];
  @ApiProperty({ description: 'Its place in the chain of hashes; null for the minute until it is sealed.', type: SealView, nullable: true })
  seal!: SealView | null;
}

export class ChainView {
  @ApiProperty({ description: 'How many entries are sealed.', example: '12000' })
  entries!: string;

  @ApiProperty({ description: 'The hash of the last one: SHA-256 in hex. Keep both elsewhere, to hold them against the chain later.' })
  hash!: string;

  @ApiProperty({ description: 'When that was.', type: String, format: 'date-time', nullable: true })
  sealedAt!: string | null;
}
