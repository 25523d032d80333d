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
import { ChainView, EntriesQuery, EntryView, TrialBalanceQuery, TrialBalanceView } from './ledger.dto.js';
import { LedgerService } from './ledger.service.js';
import { Recognition } from './recognition.js';
import { chainHead } from './sealing.js';

@ApiTags('ledger')
@Controller({ path: 'ledger', version: '2' })
export class LedgerController {
  constructor(
    private readonly ledger: LedgerService,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly recognition: Recognition,
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
  @ApiOperation({ operationId: 'getTrialBalance', summary: 'The trial balance as of an instant, by seller and currency' })
  @ApiOkResponse({ type: TrialBalanceView, description: 'Sums by seller, currency and ledger account.' })
  @ApiProblems(503)
  async trialBalance(@Query() query: TrialBalanceQuery): Promise<TrialBalanceView> {
    const asOf = query.asOf === undefined ? this.clock.now() : parseInstant(query.asOf);
    await this.recognition.runDue();
    const rows = await this.database.transaction((tx) => this.ledger.trialBalance(tx, asOf, query.seller));
    return {
      asOf: formatInstant(asOf),
      data: rows.map(({ seller, ledgerAccount, currency, debitMinor, creditMinor }) => ({
        seller,
        ledgerAccount,
        currency,
        debit: formatMoney(debitMinor, currency),
        credit: formatMoney(creditMinor, currency),
        balance: formatMoney(debitMinor - creditMinor, currency),
      })),
    };
  }

  @Get('chain')
  @Scopes('exports:read')
  @ApiOperation({ operationId: 'getJournalChain', summary: 'How far the chain of hashes over the journal goes' })
  @ApiOkResponse({ type: ChainView, description: 'Entries and the last hash.' })
  @ApiProblems()
  async chain(): Promise<ChainView> {
    const { entries, hash, sealedAt } = await this.database.transaction(chainHead);
    return { entries: entries.toString(), hash, sealedAt: sealedAt === null ? null : formatInstant(sealedAt) };
  }
}
