import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Clock } from '../common/clock.js';
import { Database } from '../common/database/database.js';
import { type Page, pageOf } from '../common/http/page.js';
import { ApiProblems } from '../common/http/problem.js';
import { Scopes } from '../common/http/scopes.js';
import { formatMoney } from '../domain/currency.js';
import { formatInstant, parseInstant } from '../domain/instant.js';
import { listEntries } from './list-entries.js';
import { EntriesQuery, EntryView, TrialBalanceQuery, TrialBalanceView } from './ledger.dto.js';
import { LedgerService } from './ledger.service.js';

@ApiTags('ledger')
@Controller({ path: 'ledger', version: '2' })
export class LedgerController {
  constructor(
    private readonly ledger: LedgerService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('entries')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'listJournalEntries', summary: 'The journal, newest first' })
  @ApiOkResponse({ type: pageOf(EntryView), description: 'Entries with their postings.' })
  @ApiProblems()
  entries(@Query() query: EntriesQuery): Promise<Page<EntryView>> {
    return this.database.transaction((tx) => listEntries(tx, query));
  }

  @Get('trial-balance')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getTrialBalance', summary: 'The trial balance as of an instant' })
  @ApiOkResponse({ type: TrialBalanceView, description: 'Sums by ledger account and currency.' })
  @ApiProblems()
  async trialBalance(@Query() query: TrialBalanceQuery): Promise<TrialBalanceView> {
    const asOf = query.asOf === undefined ? this.clock.now() : parseInstant(query.asOf);
    const rows = await this.database.transaction((tx) => this.ledger.trialBalance(tx, asOf));
    return {
      asOf: formatInstant(asOf),
      data: rows.map(({ ledgerAccount, currency, debitMinor, creditMinor }) => ({
        ledgerAccount,
        currency,
        debit: formatMoney(debitMinor, currency),
        credit: formatMoney(creditMinor, currency),
        balance: formatMoney(debitMinor - creditMinor, currency),
      })),
    };
  }
}
