import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountsService } from '../../accounts/accounts.service.js';
import { Database } from '../../common/database/database.js';
import { Key } from '../../common/http/key-param.js';
import { ApiProblems } from '../../common/http/problem.js';
import { Scopes } from '../../common/http/scopes.js';
import type { RunningCommitment, RunningLine } from '../../domain/billing/running.js';
import { formatMoney } from '../../domain/currency.js';
import { formatInstant, type Stretch } from '../../domain/instant.js';
import type { PeriodView } from '../../subscriptions/subscriptions.dto.js';
import { PreviewBill } from './preview-bill.js';
import { previewView } from './preview-view.js';
import { type RunningCommitmentView, type RunningLineView, RunningTotalView, UpcomingInvoiceView } from './running-total.dto.js';
import { RunningTotals } from './running-total.js';

@ApiTags('accounts')
@Controller({ path: 'accounts', version: '2' })
export class RunningTotalController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly totals: RunningTotals,
    private readonly preview: PreviewBill,
    private readonly database: Database,
  ) {}

  @Get(':key/usage')
  @Scopes('usage:read')
  @ApiOperation({
    operationId: 'getRunningTotal',
    summary: 'What an account has used so far in its running periods, and what that costs',
    description:
      "Rated as the invoice will be, with the whole period's free units and maximum. A minimum is shown beside the amount until the period is over; then the amount is that of the invoice's line. Nothing is metered in a trial.",
  })
  @ApiOkResponse({ type: RunningTotalView, description: 'The running total; never behind what was acknowledged.' })
  @ApiProblems(404, 409)
  running(@Key() key: string): Promise<RunningTotalView> {
    return this.database.transaction(async (tx) => {
      const { id } = await this.accounts.byKey(tx, key);
      const { asOf, currency, lines, commitments, totalMinor } = await this.totals.one(tx, id);
      return {
        account: key,
        asOf: formatInstant(asOf),
        currency,
        data: lines.map((line) => lineView(line, currency)),
        commitments: commitments.map((commitment) => commitmentView(commitment, currency)),
        total: formatMoney(totalMinor, currency),
      };
    });
  }

  @Get(':key/upcoming-invoice')
  @Scopes('invoices:read')
  @ApiOperation({
    operationId: 'getUpcomingInvoice',
    summary: 'What the next invoice of an account will be',
    description: 'By the code of a bill run, with usage as it is known now: a level that holds is taken to stay. Nothing is stored.',
  })
  @ApiOkResponse({ type: UpcomingInvoiceView, description: 'The invoice as it would be, and when.' })
  @ApiProblems(404, 409)
  upcoming(@Key() key: string): Promise<UpcomingInvoiceView> {
    return this.database.transaction(async (tx) => {
      const { id } = await this.accounts.byKey(tx, key);
      const bill = await this.preview.upcoming(tx, id);
      return { account: key, nextInvoice: bill ? previewView(bill, 'next') : null };
    });
  }
}

function lineView({ price, amountMinor, minimumMinor, servicePeriod, ...line }: RunningLine, currency: string): RunningLineView {
  const { subscription, plan, planVersion, description, unitPrice, groups, breakdown, quantity } = line;
  return {
    subscription,
    plan,
    planVersion,
    price: price.key,
    meter: price.meter,
    description,
    quantity,
    billable: breakdown.find(({ step }) => step === 'billable')?.quantity ?? quantity, // without such a step all of it is
    unitPrice,
    amount: formatMoney(amountMinor, currency),
    minimum: minimumMinor === null ? null : formatMoney(minimumMinor, currency),
    groups,
    breakdown: breakdown.map((step) => ({ ...step })),
    servicePeriod: periodView(servicePeriod),
  };
}

const commitmentView = ({ item, commitmentMinor, missingMinor }: RunningCommitment, currency: string): RunningCommitmentView => ({
  subscription: item.subscription,
  plan: item.plan,
  planVersion: item.planVersion,
  commitment: formatMoney(commitmentMinor, currency),
  missing: formatMoney(missingMinor, currency),
  servicePeriod: periodView(item.stretch),
});

const periodView = ({ start, end }: Stretch): PeriodView => ({ start: formatInstant(start), end: formatInstant(end) });
