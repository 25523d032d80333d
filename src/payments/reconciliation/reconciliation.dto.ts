import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { PageQuery } from '../../common/http/page.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant } from '../../domain/instant.js';
import { DRIFT_KINDS, type DriftKind } from '../../domain/reconciliation.js';
import { CAUSES, type Reconciliation, STATUSES, type StoredDrift, type StoredMovement } from './reconciliation-records.js';

export class ReconciliationsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only comparisons with this provider.', example: 'sandbox' })
  @IsOptional()
  @IsString()
  @Length(1, 50)
  provider?: string;
}

export class ReconciliationView {
  @ApiProperty({ description: 'Names the comparison.' })
  id!: string;

  @ApiProperty({ description: 'With whose books ours were compared.', example: 'sandbox' })
  provider!: string;

  @ApiProperty({ description: 'Why: day by day, or somebody asked for it.', enum: CAUSES })
  cause!: Reconciliation['cause'];

  @ApiProperty({ description: 'From when on.', format: 'date-time' })
  from!: string;

  @ApiProperty({ description: 'Before when.', format: 'date-time' })
  to!: string;

  @ApiProperty({ description: 'How far it is.', enum: STATUSES })
  status!: Reconciliation['status'];

  @ApiProperty({ description: 'When it began.', format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ description: 'When it ended.', type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;

  @ApiProperty({ description: 'How many charges and refunds of ours were compared.', type: 'integer' })
  ours!: number;

  @ApiProperty({ description: 'How many of the provider.', type: 'integer' })
  theirs!: number;

  @ApiProperty({
    description: `How many drifts there are of each kind: ${DRIFT_KINDS.join(', ')}. Empty where nothing differs.`,
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { amount: 1 },
  })
  drifts!: Reconciliation['drifts'];

  @ApiProperty({ description: 'Why it failed.', type: String, nullable: true })
  failure!: string | null;
}

export class ReconciledMovementView {
  @ApiProperty({ description: 'What it is.', enum: ['charge', 'refund'] })
  kind!: StoredMovement['kind'];

  @ApiProperty({ description: 'The key under which the provider was asked for it.' })
  key!: string;

  @ApiProperty({ description: 'How far it is.', enum: ['succeeded', 'pending', 'failed'] })
  state!: StoredMovement['state'];

  @ApiProperty({ description: 'How much.', example: '12.00' })
  amount!: string;

  @ApiProperty({ description: 'The currency.' })
  currency!: string;

  @ApiProperty({ description: "The provider's name of who pays.", type: String, nullable: true })
  customer!: string | null;

  @ApiProperty({ description: "The provider's name of it.", type: String, nullable: true })
  reference!: string | null;

  @ApiProperty({ description: 'When it was begun.', format: 'date-time' })
  at!: string;
}

export class DriftView {
  @ApiProperty({ description: 'Counts the drifts of the comparison.', type: 'integer' })
  n!: number;

  @ApiProperty({ description: 'How the books are apart.', enum: DRIFT_KINDS })
  kind!: DriftKind;

  @ApiProperty({ description: "The payment or refund; where we do not know it, a name made of the provider's." })
  subject!: string;

  @ApiProperty({ description: 'Key of the account, where we know it.', type: String, nullable: true })
  account!: string | null;

  @ApiProperty({ description: 'What we have.', type: ReconciledMovementView, nullable: true })
  ours!: ReconciledMovementView | null;

  @ApiProperty({ description: 'What the provider has.', type: ReconciledMovementView, nullable: true })
  theirs!: ReconciledMovementView | null;
}

export const reconciliationView = (row: Reconciliation): ReconciliationView => ({
  id: row.id,
  provider: row.provider,
  cause: row.cause,
  from: formatInstant(row.from),
  to: formatInstant(row.to),
  status: row.status,
  startedAt: formatInstant(row.startedAt),
  finishedAt: row.finishedAt === null ? null : formatInstant(row.finishedAt),
  ours: Number(row.ours),
  theirs: Number(row.theirs),
  drifts: row.drifts,
  failure: row.failure,
});

export const driftView = ({ n, kind, subject, ours, theirs }: StoredDrift, account: string | null): DriftView => ({
  n,
  kind,
  subject,
  account,
  ours: ours && movementView(ours),
  theirs: theirs && movementView(theirs),
});

const movementView = ({ kind, key, state, amountMinor, currency, customer, reference, at }: StoredMovement): ReconciledMovementView => ({
  kind,
  key,
  state,
  amount: formatMoney(BigInt(amountMinor), currency),
  currency,
  customer,
  reference,
  at,
});
